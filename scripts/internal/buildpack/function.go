package buildpack

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Function is a process that serves one function of the built program.
type Function struct {
	URL     string
	PID     int
	Started time.Time
	Ended   <-chan struct{} // closed when the process has ended

	command *exec.Cmd
	log     strings.Builder
}

// Start starts a function as the platform does, on a free port of 127.0.0.1 and
// without credentials; env is added to what the platform sets.
func Start(ctx context.Context, program, name string, env ...string) (*Function, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	f := &Function{URL: "http://127.0.0.1:" + port, command: exec.CommandContext(ctx, program)}
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
	ended := make(chan struct{})
	f.Ended = ended
	go func() {
		_ = f.command.Wait() // it ends by being killed
		close(ended)
	}()
	return f, nil
}

// Stop ends the process and returns its log.
func (f *Function) Stop() string {
	_ = f.command.Process.Kill() // it may have ended
	<-f.Ended
	return f.log.String()
}

func freePort(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port), listener.Close()
}
