package buildpack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/emulators"
)

// Function is a process that serves one function of the built program.
type Function struct {
	PID     int
	Started time.Time

	url     string
	command *exec.Cmd
	ended   chan struct{}
	log     strings.Builder
}

// Start starts a function as the platform does, but on a free port of 127.0.0.1
// and without credentials. env is added to the platform's environment.
func Start(ctx context.Context, program, name string, env ...string) (*Function, error) {
	free, err := emulators.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	port := strconv.Itoa(free)
	f := &Function{url: "http://127.0.0.1:" + port, command: exec.CommandContext(ctx, program), ended: make(chan struct{})}
	f.command.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(program), "PORT=" + port, "FUNCTION_TARGET=" + name,
		"FUNCTION_SIGNATURE_TYPE=http", "K_SERVICE=" + name, "K_REVISION=" + name + "-00001-abc",
	}, env...)
	f.command.Stdout, f.command.Stderr = &f.log, &f.log
	f.Started = time.Now()
	if err := f.command.Start(); err != nil {
		return nil, fmt.Errorf("start the function: %w", err)
	}
	f.PID = f.command.Process.Pid
	go func() {
		_ = f.command.Wait() // the process is killed
		close(f.ended)
	}()
	return f, nil
}

// Ask sends a request as soon as the function listens, and returns the
// response's status and text.
func (f *Function) Ask(ctx context.Context, method, path, body string) (status int, text string, err error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(ctx, method, f.url+path, strings.NewReader(body))
		if err != nil {
			return 0, "", err
		}
		response, err := client.Do(request)
		if err == nil {
			text, err := io.ReadAll(response.Body)
			return response.StatusCode, string(text), errors.Join(err, response.Body.Close())
		}
		select {
		case <-f.ended:
			return 0, "", errors.New("the function has ended")
		case <-ctx.Done():
			return 0, "", fmt.Errorf("the function does not answer: %w", err)
		case <-time.After(time.Millisecond):
		}
	}
}

// Stop ends the process and returns its log.
func (f *Function) Stop() string {
	_ = f.command.Process.Kill() // it may have ended already
	<-f.ended
	return f.log.String()
}
