package machineprovider

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
)

// crashing is a world whose process dies at one of its outside calls. That call
// is not made, or it is made but its response is lost; all later calls fail.
type crashing struct {
	*world
	calls atomic.Int64
	at    atomic.Int64 // the call that it dies at; 0: none
	lost  bool
	// cursor is how far the backend had read the changes.
	cursor string
}

var errDead = failure.New(failure.Transient, "the process is dead")

func newCrashing(t *testing.T, lost bool) *crashing {
	c := &crashing{lost: lost}
	c.world = newWorld(t, func(w *world) {
		w.store = faulty.New(w.store, faulty.Hooks{Fault: func(context.Context, faulty.Call) faulty.Fault {
			switch before, after := c.next(); {
			case before:
				return faulty.Fault{Before: errDead}
			case after:
				return faulty.Fault{After: errDead}
			}
			return faulty.Fault{}
		}})
	})
	c.publisher.setFault(func(event.Topic) error {
		if before, _ := c.next(); before {
			return errDead
		}
		return nil
	})
	return c
}

// next counts an outside call and reports whether it fails before it is made,
// or after.
func (c *crashing) next() (before, after bool) {
	at := c.at.Load()
	n := c.calls.Add(1)
	switch {
	case at == 0 || n < at:
		return false, false
	case n == at:
		return !c.lost, c.lost
	}
	return true, false
}

// read makes the backend read all changes until now. It leaves the overlap of
// the changes behind.
func (c *crashing) read() {
	c.clock.Advance(time.Minute)
	changes, err := c.broker().Changes(context.Background(), "GCE", "", broker.MaxChanges)
	if err != nil {
		c.t.Fatal(err)
	}
	c.cursor = changes.Cursor
}

// dieAt makes the process die at its n-th call from now on.
func (c *crashing) dieAt(n int) { c.calls.Store(0); c.at.Store(int64(n)) }

// restart makes everything work again.
func (c *crashing) restart() (died bool) {
	died = c.calls.Load() >= c.at.Load() && c.at.Load() > 0
	c.at.Store(0)
	return died
}

// TestCrashAnywhere kills the process at each outside call of each step in
// turn. The client repeats calls without a response, and the sweep runs. Then
// the world is as if nothing had happened: every message to the lessee was
// sent, and the backend was told by a message or can read the change with
// list_changes.
func TestCrashAnywhere(t *testing.T) {
	const request = `{"request_id":"r","dimensions":{"os_family":"LINUX"},"duration":600,"pubsub_topic":"lessee-topic"}`
	steps := []struct {
		name, who, method, body string
		before                  func(*crashing)
		check                   func(*crashing) string
	}{
		{
			name: "add", who: backend, method: "catalog/v1/add_machine",
			body:  `{"dimensions":{"hostname":"vm-9","os_family":"LINUX"},"policies":{"backend_topic":"leases-changed"}}`,
			check: func(c *crashing) string { return c.wants("vm-9", "AVAILABLE") },
		},
		{
			name: "add for one that waits", who: backend, method: "catalog/v1/add_machine",
			body:   `{"dimensions":{"hostname":"vm-9","os_family":"LINUX"},"policies":{"backend_topic":"leases-changed"}}`,
			before: func(c *crashing) { c.call(lessee, "machine_provider/v1/lease", request) },
			check:  func(c *crashing) string { return c.wants("vm-9", "LEASED", "LEASED", `"FULFILLED"`) },
		},
		{
			name: "lease", who: lessee, method: "machine_provider/v1/lease", body: request,
			before: func(c *crashing) { c.add("DELETE", "vm-9") },
			check:  func(c *crashing) string { return c.wants("vm-9", "LEASED", "LEASED", `"FULFILLED"`) },
		},
		{
			name: "wait", who: lessee, method: "machine_provider/v1/lease", body: request,
			check: func(c *crashing) string {
				c.add("DELETE", "vm-9")
				return c.wants("vm-9", "LEASED", "LEASED", `"FULFILLED"`)
			},
		},
		{
			name: "release, DELETE", who: lessee, method: "machine_provider/v1/release", body: `{"request_id":"r"}`,
			before: func(c *crashing) { c.add("DELETE", "vm-9"); c.call(lessee, "machine_provider/v1/lease", request) },
			check:  func(c *crashing) string { return c.wants("vm-9", "", "RECLAIMED", `"FULFILLED","lease_exp`) },
		},
		{
			name: "release, MAKE_AVAILABLE for one that waits", who: lessee, method: "machine_provider/v1/release", body: `{"request_id":"r"}`,
			before: func(c *crashing) {
				c.add("MAKE_AVAILABLE", "vm-9")
				c.call(lessee, "machine_provider/v1/lease", request)
				c.lease(lessee2, "next", `"dimensions":{},"duration":3600`)
			},
			check: func(c *crashing) string {
				if got := c.lease(lessee2, "next", `"dimensions":{},"duration":3600`); got.Hostname != "vm-9" {
					return fmt.Sprintf("the next lessee got %+v", got)
				}
				return c.wants("vm-9", "LEASED", "RECLAIMED", "LEASED", `"FULFILLED","lease_exp`)
			},
		},
		{
			name: "cancel", who: lessee, method: "machine_provider/v1/release", body: `{"request_id":"r"}`,
			before: func(c *crashing) { c.call(lessee, "machine_provider/v1/lease", request) },
			check: func(c *crashing) string {
				c.add("DELETE", "vm-9")
				return c.wants("vm-9", "AVAILABLE")
			},
		},
		{
			name: "gone", who: backend, method: "catalog/v1/delete_machine", body: `{"dimensions":{"hostname":"vm-9"},"gone":true}`,
			before: func(c *crashing) { c.add("DELETE", "vm-9"); c.call(lessee, "machine_provider/v1/lease", request) },
			check:  func(c *crashing) string { return c.wants("vm-9", "", `"FULFILLED","lease_exp`) },
		},
		{
			name: "expiry",
			before: func(c *crashing) {
				c.add("DELETE", "vm-9")
				c.call(lessee, "machine_provider/v1/lease", request)
				c.clock.Advance(600 * time.Second)
			},
			check: func(c *crashing) string { return c.wants("vm-9", "", "RECLAIMED", `"FULFILLED","lease_exp`) },
		},
		{
			name: "denial",
			before: func(c *crashing) {
				c.call(lessee, "machine_provider/v1/lease", request)
				c.clock.Advance(4 * time.Hour)
			},
			check: func(c *crashing) string {
				c.add("DELETE", "vm-9")
				return c.wants("vm-9", "AVAILABLE", `"DENIED"`)
			},
		},
	}
	for _, step := range steps {
		for _, lost := range []bool{false, true} {
			n := 0
			for died := true; died; {
				n++
				c := newCrashing(t, lost)
				if step.before != nil {
					step.before(c)
				}
				c.publisher.take()
				c.read()
				c.dieAt(n)
				if step.method == "" {
					_, _ = c.broker().Sweep(context.Background())
				} else {
					c.call(step.who, step.method, step.body)
				}
				died = c.restart()
				if step.method != "" {
					if code, got := c.call(step.who, step.method, step.body); code != 200 {
						t.Fatalf("%s, dead at call %d (lost: %t): again: %d %s", step.name, n, lost, code, got)
					}
				}
				c.clock.Advance(time.Minute)
				c.sweep()
				if problem := step.check(c); problem != "" {
					t.Errorf("%s, dead at call %d (lost: %t): %s", step.name, n, lost, problem)
				}
				c.publisher.take()
				c.clock.Advance(time.Minute)
				if c.sweep(); len(c.publisher.take()) != 0 {
					t.Errorf("%s, dead at call %d (lost: %t): messages are sent for ever", step.name, n, lost)
				}
			}
			if n < 2 {
				t.Errorf("%s: it made no outside call", step.name)
			}
		}
	}
}

// wants returns an error if a machine is not in the wanted state, or if one of
// the texts is neither in a message nor in the changes that the backend reads.
func (c *crashing) wants(hostname, state string, messages ...string) string {
	if got := c.state(hostname); got != state {
		return fmt.Sprintf("%s is %q, not %q", hostname, got, state)
	}
	var all []string
	for _, message := range c.publisher.take() {
		all = append(all, message.Data)
	}
	changes, err := c.broker().Changes(context.Background(), "GCE", c.cursor, broker.MaxChanges)
	if err != nil {
		return err.Error()
	}
	for _, change := range changes.Changes {
		switch {
		case change.Hostname != hostname:
		case change.Machine == nil || change.Machine.State != leasing.OnLease:
			all = append(all, "RECLAIMED")
		default: // the machine keeps no record of a lease that ended before
			all = append(all, "LEASED", "RECLAIMED")
		}
	}
	for _, message := range messages {
		if !strings.Contains(strings.Join(all, "\n"), message) {
			return fmt.Sprintf("%s was not sent, but %q", message, all)
		}
	}
	return ""
}

func TestMessagesThatCannotBeSent(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1")
	attempts := 0
	w.publisher.setFault(func(topic event.Topic) error {
		if topic.Name == "no-such-topic" {
			attempts++
			return failure.New(failure.NotFound, "no such topic")
		}
		return nil
	})
	w.lease(lessee, "r", `"dimensions":{},"indefinite":true,"pubsub_topic":"no-such-topic"`)
	if got := w.publisher.take(); len(got) != 1 || got[0].Data != "LEASED" {
		t.Fatalf("%+v", got)
	}
	// It is tried again less and less often, and never fails the job.
	for range 24 * 60 {
		w.clock.Advance(time.Minute)
		w.sweep()
	}
	if sent := w.publisher.take(); attempts < 20 || attempts > 40 || len(sent) != 0 {
		t.Fatalf("%d attempts in a day; sent again: %+v", attempts, sent)
	}
	w.publisher.setFault(nil)
	w.clock.Advance(time.Hour)
	w.sweep()
	if got := w.publisher.take(); len(got) != 1 {
		t.Fatalf("%+v", got)
	}
	w.clock.Advance(24 * time.Hour)
	if w.sweep(); len(w.publisher.take()) != 0 {
		t.Fatal("sent again")
	}
}

// A message that cannot be sent to the backend at first is kept, and the sweep
// sends it.
func TestABackendThatCannotBeToldIsToldLater(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1")
	w.publisher.setFault(func(event.Topic) error { return failure.New(failure.Transient, "unavailable") })
	w.lease(lessee, "r", `"dimensions":{},"indefinite":true`)
	w.publisher.setFault(nil)
	for _, want := range []int{0, 1, 0, 0} {
		if got := w.publisher.take(); len(got) != want {
			t.Fatalf("sent %+v, want %d messages", got, want)
		}
		w.clock.Advance(time.Minute)
		w.sweep()
	}
}

func TestStoreThatDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	inner := w.store
	for _, fault := range []faulty.Fault{faulty.Unavailable, faulty.OverQuota, {Before: failure.New(failure.Permanent, "secret detail")}} {
		w := newWorld(t, func(w *world) {
			w.store = faulty.New(inner, faulty.Hooks{Fault: func(context.Context, faulty.Call) faulty.Fault { return fault }})
		})
		passing := failure.ClassOf(fault.Before) != failure.Permanent
		for method, body := range goodBodies {
			if strings.Contains(method, "list_changes") {
				continue // its cursor is too old to be asked about
			}
			code, got := w.call(whoMay(method), method, body)
			switch {
			case strings.Contains(got, "secret"):
				t.Errorf("%s: %s", method, got)
			case passing && strings.Contains(method, "batched"):
				if code != 200 || !strings.Contains(got, `"error":"TRANSIENT_ERROR"`) {
					t.Errorf("%s: %d %s", method, code, got)
				}
			case passing:
				checkError(t, code, got, 503, "backendError", "try again")
			default:
				checkError(t, code, got, 500, "internalError", "")
			}
		}
	}
}
