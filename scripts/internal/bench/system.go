package bench

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/scripts/internal/suite"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/pause"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

// never is a tick interval longer than any benchmark: the benchmark sends the
// ticks itself.
const never = 1000 * time.Hour

// system is a suite with an empty configuration. Its simulator takes no time, so
// that a measurement shows the control plane's own time.
type system struct {
	*suite.Suite
	clock    clock
	runs     runs
	manifest manifest.Manifest
	options  Options
	folder   string
}

// clock is the machine's clock plus the time that was skipped.
type clock struct{ skipped atomic.Int64 }

func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.skipped.Load())) }

func (c *clock) skip(d time.Duration) { c.skipped.Add(int64(d)) }

// start starts a suite with a tick interval in the machine's time. The first
// ticks come at once.
func start(ctx context.Context, o Options, tick time.Duration) (*system, error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the configuration: %w", err)
	}
	s := &system{folder: folder, options: o}
	if s.manifest, err = manifest.Parse(functions.Manifest); err != nil {
		return nil, err
	}
	if err := (Fleet{}).write(folder); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	s.Suite, err = suite.Start(ctx, suite.Options{
		Config: folder, Tick: tick, Emulators: o.Emulators, Log: s.runs.logger(), Now: s.clock.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("start the suite: %w", err)
	}
	if err := s.quiet(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *system) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s.Stop(ctx)
	_ = os.RemoveAll(s.folder) // a temporary one
}

// step is a part of a benchmark.
type step = func(context.Context) error

// inOrder takes steps until one fails.
func inOrder(ctx context.Context, steps ...step) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// configure changes the configuration, and says so as the bucket does.
func (s *system) configure(pool Fleet) step {
	return func(ctx context.Context) error {
		if err := pool.write(s.folder); err != nil {
			return fmt.Errorf("write the configuration: %w", err)
		}
		return s.sweep(ctx, "config-uploaded")
	}
}

// sweep makes the subscribers of a topic check everything.
func (s *system) sweep(ctx context.Context, topic string) error {
	return s.Publisher().Publish(ctx, event.Topic{Name: topic}, event.Message{Data: []byte("{}")})
}

// scheduled lists the jobs that have ticks.
func (s *system) scheduled() []string {
	return slices.DeleteFunc(s.manifest.Names(), func(name string) bool { return s.manifest.Functions[name].Schedule == "" })
}

// tick sends each scheduled job its tick, and waits until everything that
// follows is done. It does not skip time, because the Machine Provider remembers
// for seconds which machines are free.
func (s *system) tick(ctx context.Context) error {
	for _, name := range s.scheduled() {
		if err := s.sweep(ctx, name); err != nil {
			return err
		}
	}
	return s.quiet(ctx)
}

// minutes lets simulated minutes pass, each with its ticks and everything that
// follows from them.
func (s *system) minutes(ctx context.Context, n int) error {
	for range n {
		s.clock.skip(time.Minute)
		if err := s.tick(ctx); err != nil {
			return err
		}
	}
	return nil
}

// quiet waits until no message is under way. Messages that still wait in an
// emulator are not visible, so with one the suite must stay idle for a while.
func (s *system) quiet(ctx context.Context) error {
	stays := 20 * time.Millisecond // the simulator publishes its messages in the background
	if s.options.Emulators {
		stays = time.Second
	}
	since := time.Now()
	for time.Since(since) < stays {
		if err := pause.For(ctx, stays/10); err != nil {
			return fmt.Errorf("wait until all is quiet: %w", err)
		}
		if !s.Idle() {
			since = time.Now()
		}
	}
	return nil
}

// leasable returns how many machines can be leased. Its own reads are not
// counted.
func (s *system) leasable(ctx context.Context) (int, error) {
	return s.Pools().Store.Count(ctx, store.Query{Name: "leasable machines", Collection: "machines",
		Where: []store.Filter{{Field: "state", Op: store.Equal, Value: "AVAILABLE"}}})
}

// patience is how long a benchmark waits for a state that should come by itself.
const patience = 20 * time.Minute

// untilLeasable waits until the wanted number of machines can be leased. Between
// two looks it pauses for twenty times as long as a look takes, so that the
// looks do not disturb the measurement.
func (s *system) untilLeasable(wanted int) step {
	return func(ctx context.Context) error {
		end := time.Now().Add(patience)
		for {
			begin := time.Now()
			n, err := s.leasable(ctx)
			if err != nil && !failure.Is(err, failure.Transient) {
				return err
			}
			if err == nil && n == wanted {
				return nil
			}
			if time.Now().After(end) {
				return fmt.Errorf("%d of %d machines can be leased after %s; the first problems: %q", n, wanted, patience, s.runs.firstProblems())
			}
			if err := pause.For(ctx, max(time.Millisecond, 20*time.Since(begin))); err != nil {
				return err
			}
		}
	}
}
