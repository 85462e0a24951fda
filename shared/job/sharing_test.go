package job

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// If many equal messages arrive during a run, one run follows, which begins
// after all of them and serves them all.
func TestMessagesAlikeShareARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Int32
		proceed := make(chan error)
		runner := runnerOf(&lines{}, func(context.Context, Run) error {
			begun.Add(1)
			return <-proceed
		})
		answers := make(chan error, 100)
		deliver := func(data string) { go func() { answers <- runner.Deliver(t.Context(), message(data)) }() }

		deliver(scoped)
		synctest.Wait()
		for range 20 {
			deliver(scoped)
		}
		deliver(`{ "baseName": "linux" }`) // the same scope in other words
		synctest.Wait()
		if begun.Load() != 1 {
			t.Fatalf("%d runs at once", begun.Load())
		}
		deliver(`{"baseName":"windows"}`)
		synctest.Wait()
		if begun.Load() != 2 {
			t.Fatalf("another scope waits: %d runs", begun.Load())
		}
		proceed <- nil // any of the two: both go on
		proceed <- nil
		synctest.Wait()
		if begun.Load() != 3 || len(answers) != 2 {
			t.Fatalf("%d runs, %d answers", begun.Load(), len(answers))
		}
		deliver(scoped) // comes while the second run is under way, and is not served by it
		synctest.Wait()
		proceed <- failure.New(failure.Transient, "the second run's error")
		synctest.Wait()
		if begun.Load() != 4 || len(answers) != 2+21 {
			t.Fatalf("%d runs, %d answers", begun.Load(), len(answers))
		}
		proceed <- nil
		synctest.Wait()
		failed := 0
		for range 24 {
			if err := <-answers; err != nil {
				failed++
			}
		}
		if begun.Load() != 4 || failed != 21 {
			t.Errorf("%d runs; %d were told the second run's error", begun.Load(), failed)
		}
		deliver(scoped) // nothing is left behind
		synctest.Wait()
		proceed <- nil
		if err := <-answers; err != nil || begun.Load() != 5 {
			t.Errorf("%v, %d runs", err, begun.Load())
		}
	})
}

// A message that waits for the run of others stops waiting at its own deadline;
// the run goes on.
func TestAWaitingMessageGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done atomic.Int32
		proceed := make(chan struct{})
		runner := runnerOf(&lines{}, func(context.Context, Run) error {
			<-proceed
			done.Add(1)
			return nil
		})
		go runner.Deliver(t.Context(), message(scoped)) //nolint:errcheck // it is released below
		synctest.Wait()
		go runner.Deliver(t.Context(), message(scoped)) //nolint:errcheck // it is released below
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error)
		go func() { answer <- runner.Deliver(ctx, message(scoped)) }()
		synctest.Wait()
		cancel()
		if err := <-answer; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		close(proceed)
		synctest.Wait()
		if done.Load() != 2 {
			t.Errorf("%d runs", done.Load())
		}
	})
}

func TestAPanicReachesWhoShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		runner := runnerOf(&lines{}, func(context.Context, Run) error { <-proceed; panic("x") })
		var answered atomic.Int32
		for range 5 {
			go func() {
				_ = runner.Deliver(t.Context(), message(scoped))
				answered.Add(1)
			}()
			synctest.Wait()
		}
		close(proceed)
		synctest.Wait()
		if answered.Load() != 5 {
			t.Errorf("%d of 5 were answered", answered.Load())
		}
	})
}

// Runs for a burst of messages about one group are spaced. Messages about other
// groups, and sweeps, do not wait for them.
func TestRunsOfOneScopeAreSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for data, want := range map[string]time.Duration{
			scoped: 5 * runSpacing, `{"instances":["a:1"]}`: 0, "{}": 0,
		} {
			runner := runnerOf(&lines{}, func(context.Context, Run) error { return nil })
			runner.deps.Sleep = func(_ context.Context, d time.Duration) error { time.Sleep(d); return nil }
			begin := time.Now()
			for range runBurst + 5 {
				_ = runner.Deliver(t.Context(), message(data))
			}
			if took := time.Since(begin); took != want {
				t.Errorf("%s: %s, want %s", data, took, want)
			}
			if err := runner.Deliver(t.Context(), message(`{"baseName":"windows"}`)); err != nil || time.Since(begin) != want {
				t.Errorf("another scope waited: %v", err)
			}
		}
	})
}

// The job that announced a fact has just read the record that the fact names,
// so the record is not read again. A name that a person may have misspelt is
// looked up.
func TestOnlyMessagesToTheJobItselfAreLookedFor(t *testing.T) {
	ran := 0
	runner := runnerOf(&lines{}, func(context.Context, Run) error { ran++; return nil })
	for topic, want := range map[string]int{"test-job": 0, "": 0, "instances-marked": 1} {
		ran = 0
		told := message(`{"baseName":"misspelt"}`)
		told.Topic = topic
		if err := runner.Deliver(t.Context(), told); err != nil || ran != want {
			t.Errorf("by topic %q: %d runs, %v", topic, ran, err)
		}
	}
}

func TestASerialRunnerSharesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Int32
		proceed := make(chan struct{})
		runner := runnerOf(&lines{}, func(context.Context, Run) error { begun.Add(1); <-proceed; return nil })
		runner.deps.Serial = true
		for range 3 {
			go runner.Deliver(t.Context(), message(scoped)) //nolint:errcheck // it is released below
		}
		synctest.Wait()
		if begun.Load() != 3 {
			t.Errorf("%d runs", begun.Load())
		}
		close(proceed)
	})
}
