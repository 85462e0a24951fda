package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/pause"
)

const (
	// coldStarts is how often a process is started.
	coldStarts = 20
	// coldFunction is the function that is started.
	coldFunction = "create-instance-templates"
	// startTimeout bounds one start.
	startTimeout = 30 * time.Second
)

// ColdStart measures a deployed function from the start of its process to the
// end of its first event, against a Firestore in this process that has
// nothing.
func ColdStart(ctx context.Context, o Options) (Result, error) {
	result := newResult("coldstart", o)
	work, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return result, fmt.Errorf("make a folder for the build: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	o.Say("coldstart: build as the buildpack does")
	built, err := build(ctx, o.Root, work)
	if err != nil {
		return result, err
	}
	firestore, err := serveNothing(ctx)
	if err != nil {
		return result, err
	}
	defer firestore.stop()
	o.Say("coldstart: start %d times", coldStarts)
	var took []time.Duration
	var resident []int64
	for range coldStarts {
		t, bytes, err := coldStart(ctx, built.program, firestore.address)
		if err != nil {
			return result, err
		}
		took, resident = append(took, t), append(resident, bytes)
	}
	slices.Sort(took)
	slices.Sort(resident)
	result.duration("cold start: process start to the end of the first event, median of 20", 150*time.Millisecond, took[len(took)/2])
	result.figure("… fastest and slowest", fmt.Sprintf("%s, %s", round(took[0]), round(took[len(took)-1])))
	result.atMost("idle resident memory", 60, mebibytes(resident[len(resident)/2]), " MiB")
	result.figure("deployed: zip", fmt.Sprintf("%s files, %s KiB", count(built.files), number(float64(built.zip)/1024)))
	result.figure("deployed: binary", fmt.Sprintf("%.1f MiB", mebibytes(built.binary)))
	result.figure("… without the flags that Terraform gives the build", fmt.Sprintf("%.1f MiB", mebibytes(built.plain)))
	result.note("what takes the room in the binary, before its symbols are left out: %s", strings.Join(built.room, ", "))
	return result, nil
}

// coldStart starts a function once, pushes an empty message to it, and answers
// how long that took and what the process then has resident.
func coldStart(ctx context.Context, program, firestore string) (time.Duration, int64, error) {
	port, err := freePort(ctx)
	if err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, program)
	command.Env = []string{
		"PORT=" + strconv.Itoa(port), "FUNCTION_TARGET=" + coldFunction, "K_SERVICE=" + coldFunction,
		"PROJECT=local-project", "FIRESTORE_DATABASE=gce-backend", "FIRESTORE_EMULATOR_HOST=" + firestore,
		"HOME=" + filepath.Dir(program),
	}
	var log strings.Builder
	command.Stderr = &log
	begin := time.Now()
	if err := command.Start(); err != nil {
		return 0, 0, fmt.Errorf("start the function: %w", err)
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	}()
	url := fmt.Sprintf("http://127.0.0.1:%d/projects/local-project/topics/%s", port, coldFunction)
	if err := firstEvent(ctx, url); err != nil {
		return 0, 0, fmt.Errorf("%w; its log: %.1000s", err, log.String())
	}
	took := time.Since(begin)
	err = pause.For(ctx, 200*time.Millisecond) // what it does behind the scenes
	return took, residentMemory(strconv.Itoa(command.Process.Pid)), err
}

// firstEvent pushes an empty message as soon as somebody listens.
func firstEvent(ctx context.Context, url string) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"message":{"data":"e30=","messageId":"1"}}`))
		if err != nil {
			return err
		}
		response, err := client.Do(r)
		if err == nil {
			text, _ := io.ReadAll(response.Body) // the status says it all
			_ = response.Body.Close()
			if response.StatusCode/100 != 2 {
				return fmt.Errorf("the first event: %s %s", response.Status, text)
			}
			return nil
		}
		if err := pause.For(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("the function does not answer: %w", err)
		}
	}
}

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}
