package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/buildpack"
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
// end of its first event, with an empty Firestore in this process.
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
	result.note("the largest parts of the binary, before its symbols are stripped: %s", strings.Join(built.room, ", "))
	return result, nil
}

// coldStart starts a function once, pushes an empty message to it, and returns
// how long that took and the process's resident memory afterwards.
func coldStart(ctx context.Context, program, firestore string) (time.Duration, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	function, err := buildpack.Start(ctx, program, coldFunction,
		"PROJECT=local-project", "FIRESTORE_DATABASE=gce-backend", "FIRESTORE_EMULATOR_HOST="+firestore)
	if err != nil {
		return 0, 0, err
	}
	defer function.Stop()
	status, text, err := function.Ask(ctx, http.MethodPost, "/projects/local-project/topics/"+coldFunction, `{"message":{"data":"e30=","messageId":"1"}}`)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("the first event: %d %s", status, text)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%w; its log: %.1000s", err, function.Stop())
	}
	took := time.Since(function.Started)
	err = pause.For(ctx, 200*time.Millisecond) // its background work
	return took, residentMemory(strconv.Itoa(function.PID)), err
}
