package faulty_test

import (
	"context"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/storetest"
)

func TestConformanceWithoutFaults(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return faulty.New(memory.New(time.Now), faulty.Hooks{}) })
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		title string
		fault faulty.Fault
		class failure.Class
		done  bool
	}{
		{"unavailable", faulty.Unavailable, failure.Transient, false},
		{"lost", faulty.Lost, failure.Transient, true},
		{"conflict", faulty.Conflict, failure.Conflict, false},
		{"over quota", faulty.OverQuota, failure.Quota, false},
		{"none", faulty.Fault{}, failure.None, true},
	} {
		t.Run(c.title, func(t *testing.T) {
			ctx, inner := context.Background(), memory.New(time.Now)
			var calls []faulty.Method
			s := faulty.New(inner, faulty.Hooks{Fault: func(_ context.Context, call faulty.Call) faulty.Fault {
				calls = append(calls, call.Method)
				return c.fault
			}})
			query := store.Query{Collection: "instances"}
			_, commitErr := s.Commit(ctx, store.Create("instances/a", store.Fields{}))
			documents, getErr := s.Get(ctx, "instances/a")
			found, findErr := s.Find(ctx, query)
			count, countErr := s.Count(ctx, query)
			for _, err := range []error{commitErr, getErr, findErr, countErr} {
				if failure.ClassOf(err) != c.class {
					t.Errorf("error %v, want one of class %q", err, c.class)
				}
			}
			if c.class != failure.None && (documents != nil || found != nil || count != 0) {
				t.Error("an answer came with the error")
			}
			if n, err := inner.Count(ctx, query); err != nil || n == 1 != c.done {
				t.Errorf("the store inside has %d documents (%v)", n, err)
			}
			if len(calls) != 4 || calls[0] != faulty.Commit || calls[3] != faulty.Count {
				t.Errorf("the hook saw %v", calls)
			}
		})
	}
}

// TestUpdateUnderInjectedConflicts shows that retries pause through the hook, so
// that a simulation controls time, and that they end.
func TestUpdateUnderInjectedConflicts(t *testing.T) {
	type counter struct {
		N int `firestore:"n"`
	}
	increment := func(c *counter) (*counter, error) {
		if c == nil {
			c = &counter{}
		}
		return &counter{c.N + 1}, nil
	}
	for _, c := range []struct {
		title     string
		conflicts int
		class     failure.Class
	}{{"a few", 3, failure.None}, {"without end", 1 << 30, failure.Conflict}} {
		t.Run(c.title, func(t *testing.T) {
			ctx := context.Background()
			commits, pauses := 0, 0
			s := faulty.New(memory.New(time.Now), faulty.Hooks{
				Fault: func(_ context.Context, call faulty.Call) faulty.Fault {
					if call.Method != faulty.Commit {
						return faulty.Fault{}
					}
					if commits++; commits <= c.conflicts {
						return faulty.Conflict
					}
					return faulty.Fault{}
				},
				Pause: func(_ context.Context, attempt int) error {
					if pauses++; attempt != pauses {
						t.Errorf("pause %d is for attempt %d", pauses, attempt)
					}
					return nil
				},
			})
			stored, err := store.Update(ctx, s, "counters/a", increment)
			if failure.ClassOf(err) != c.class || pauses != commits-1 || commits > 100 {
				t.Errorf("%+v, %v after %d commits and %d pauses", stored, err, commits, pauses)
			}
			commits, pauses = 0, 0
			changed, err := store.UpdateEach(ctx, s, []store.Stored[counter]{{Document: store.Document{Key: "counters/b"}}}, increment)
			if failure.ClassOf(err) != c.class || (err == nil) != (len(changed) == 1) || commits > 100 {
				t.Errorf("%+v, %v after %d commits", changed, err, commits)
			}
		})
	}
}
