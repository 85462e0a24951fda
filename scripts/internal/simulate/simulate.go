// Package simulate runs many seeded worlds, some in parallel, and sums up what
// happened in them.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/machineprovider"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// Options configure the simulation.
type Options struct {
	Seeds int
	First uint64
	// Seed, if set, is the only seed. Its trace is kept even if nothing is
	// broken.
	Seed       *uint64
	VMs, Steps int
	Workers    int // one per processor when zero
	// Traces is the folder for the traces of worlds in which something broke.
	Traces string
	// Progress gets a line on the progress from time to time.
	Progress io.Writer
}

// flags returns the command-line flags that make the same worlds.
func (o Options) flags() string {
	if o.VMs == world.DefaultVMs && o.Steps == world.DefaultSteps {
		return ""
	}
	return fmt.Sprintf(" --vms %d --steps %d", o.VMs, o.Steps)
}

// maxFailures is the number of broken worlds after which no more are started.
const maxFailures = 10

// progressEvery is the interval at which progress is reported.
const progressEvery = 10 * time.Second

// Run runs the worlds.
func Run(ctx context.Context, options Options) (Summary, error) {
	suite, err := newSuite()
	if err != nil {
		return Summary{}, err
	}
	// A world makes much garbage and has little live memory.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	if options.Seed != nil {
		options.First, options.Seeds = *options.Seed, 1
	}
	if options.Workers <= 0 {
		options.Workers = runtime.GOMAXPROCS(0)
	}
	r := &runner{options: options, suite: suite, begin: time.Now(), told: time.Now()}
	r.summary.flags = options.flags()
	r.summary.Stats.Faults, r.summary.Stats.Checked = map[world.Kind]int{}, map[string]int{}
	var wait sync.WaitGroup
	for range options.Workers {
		wait.Go(func() { r.work(ctx) })
	}
	wait.Wait()
	r.summary.Took = time.Since(r.begin)
	return r.summary, r.err
}

// newSuite puts the suite together as a world needs it.
func newSuite() (world.Suite, error) {
	parsed, err := manifest.Parse(functions.Manifest)
	if err != nil {
		return world.Suite{}, err
	}
	verify, err := identity.NewLocal(func(string) string { return "" })
	if err != nil {
		return world.Suite{}, fmt.Errorf("the Machine Provider's development identities: %w", err)
	}
	return world.Suite{Jobs: functions.Jobs(), Manifest: parsed, MachineProvider: func(m world.MachineProvider) http.Handler {
		return machineprovider.New(machineprovider.Dependencies{
			Store: m.Store, Publish: m.Publish, Settings: m.Settings, Limits: m.Limits,
			Now: m.Now, Rand: m.Rand, Log: m.Log, Verify: verify, Project: world.Project,
		})
	}}, nil
}

// runner is shared by the workers.
type runner struct {
	options Options
	suite   world.Suite
	begin   time.Time

	mu      sync.Mutex
	next    int
	told    time.Time
	summary Summary
	err     error
}

func (r *runner) work(ctx context.Context) {
	for ctx.Err() == nil {
		seed, ok := r.take()
		if !ok {
			return
		}
		trial := world.Trial{Seed: seed, VMs: r.options.VMs, Steps: r.options.Steps, Trace: r.options.Seed != nil}
		outcome := trial.Run(r.suite)
		if outcome.Broken != nil && !trial.Trace {
			trial.Trace = true
			again := trial.Run(r.suite) // again, with the trace
			if again.Digest != outcome.Digest {
				again.Broken = &invariants.Violation{Invariant: "a seed replays to the same end", Detail: outcome.Broken.Error()}
			}
			outcome = again
		}
		r.add(outcome)
	}
}

func (r *runner) take() (uint64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next >= r.options.Seeds || len(r.summary.Failures) >= maxFailures || r.err != nil {
		return 0, false
	}
	r.next++
	return r.options.First + uint64(r.next-1), true
}

func (r *runner) add(outcome world.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.add(outcome)
	if outcome.Trace != "" {
		file, err := r.keep(outcome)
		if err != nil {
			r.err = err
		}
		if n := len(r.summary.Failures); outcome.Broken != nil && n > 0 {
			r.summary.Failures[n-1].File = file
		} else {
			r.summary.Trace = file
		}
	}
	if r.options.Progress != nil && time.Since(r.told) > progressEvery {
		r.told = time.Now()
		_, _ = fmt.Fprintf(r.options.Progress, "%d of %d worlds, %d broken\n", r.summary.Seeds, r.options.Seeds, len(r.summary.Failures))
	}
}

// keep writes a trace to a file.
func (r *runner) keep(outcome world.Outcome) (string, error) {
	file := filepath.Join(r.options.Traces, fmt.Sprintf("seed-%d.trace", outcome.Seed))
	if err := errors.Join(os.MkdirAll(r.options.Traces, 0o750), os.WriteFile(file, []byte(outcome.Trace+"\n"), 0o600)); err != nil {
		return "", fmt.Errorf("keep the trace of seed %d: %w", outcome.Seed, err)
	}
	return file, nil
}
