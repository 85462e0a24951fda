package machineprovider

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
)

// interleaved is a world in which something else happens right before or right
// after the first call of a kind.
func interleaved(t *testing.T, before bool, is func(faulty.Call) bool, other func(*world)) *world {
	var w *world
	armed := true
	var inner store.Store
	var quiet *world
	w = newWorld(t, func(w *world) {
		inner = w.store
		w.store = faulty.New(inner, faulty.Hooks{Fault: func(ctx context.Context, call faulty.Call) faulty.Fault {
			if !armed || !is(call) {
				return faulty.Fault{}
			}
			armed = false
			if before {
				other(quiet)
				return faulty.Fault{}
			}
			// Done by hand, so that the other comes after it.
			_, err := inner.Commit(ctx, call.Writes...)
			other(quiet)
			if err != nil {
				return faulty.Fault{Before: err}
			}
			return faulty.Unavailable
		}})
	})
	quiet = newWorld(t, func(q *world) { q.store, q.clock, q.now, q.publisher = inner, w.clock, w.clock.Now, w.publisher })
	return w
}

// commits reports whether a call commits a document of a kind whose JSON
// contains a text.
func commits(collection, part string) func(faulty.Call) bool {
	return func(call faulty.Call) bool {
		for _, write := range call.Writes {
			if write.Key.Collection() == collection && strings.Contains(fmt.Sprint(write.Fields), part) {
				return call.Method == faulty.Commit
			}
		}
		return false
	}
}

func TestMachineFreedBeforeTheRequestIsSeenWaiting(t *testing.T) {
	w := interleaved(t, true, commits("leases", "PENDING"), func(other *world) { other.add("DELETE", "vm-1") })
	if got := w.lease(lessee, "r", ""); got.Hostname != "vm-1" {
		t.Fatalf("%+v", got)
	}
}

func TestRequestOvertakenWhileItTakes(t *testing.T) {
	w := interleaved(t, true, commits("leases", "FULFILLED"), func(other *world) {
		if got := other.lease(lessee2, "faster", ""); got.Hostname != "vm-1" {
			t.Errorf("%+v", got)
		}
	})
	w.add("DELETE", "vm-1")
	if got := w.lease(lessee, "r", ""); got.State != "PENDING" {
		t.Fatalf("%+v", got)
	}
}

func TestSameRequestTwiceAtOnce(t *testing.T) {
	var first leaseAnswer
	w := interleaved(t, true, commits("leases", "FULFILLED"), func(other *world) { first = other.lease(lessee, "r", "") })
	w.add("DELETE", "vm-1", "vm-2")
	if got := w.lease(lessee, "r", ""); got != first || got.State != "FULFILLED" {
		t.Fatalf("%+v and %+v", got, first)
	}
	w = interleaved(t, true, commits("leases", "PENDING"), func(other *world) { first = other.lease(lessee, "r", "") })
	if got := w.lease(lessee, "r", ""); got != first || got.State != "PENDING" {
		t.Fatalf("%+v and %+v", got, first)
	}
}

func TestOtherContentAtOnce(t *testing.T) {
	w := interleaved(t, true, commits("leases", "FULFILLED"), func(other *world) { other.lease(lessee, "r", `"dimensions":{},"duration":99`) })
	w.add("DELETE", "vm-1", "vm-2")
	if got := w.lease(lessee, "r", ""); got.Error != "REQUEST_ID_REUSE" {
		t.Fatalf("%+v", got)
	}
}

func TestReleaseRacesExpiry(t *testing.T) {
	w := interleaved(t, true, commits("leases", "released"), func(other *world) {
		other.clock.Advance(time.Minute)
		other.sweep()
	})
	w.add("MAKE_AVAILABLE", "vm-1")
	w.lease(lessee, "r", "")
	if got := w.release(lessee, "r"); got != "ALREADY_RECLAIMED" {
		t.Fatal(got)
	}
	reclaimed := 0
	for _, message := range w.publisher.take() {
		if message.Data == "RECLAIMED" {
			reclaimed++
		}
	}
	if reclaimed != 1 || w.state("vm-1") != "AVAILABLE" {
		t.Fatal(reclaimed)
	}
}

func TestRenewalRacesExpiry(t *testing.T) {
	w := interleaved(t, true, commits("leases", "expired"), func(other *world) {
		other.clock.Advance(-30 * time.Second) // its clock is behind
		other.call(lessee, "machine_provider/v1/renew", `{"request_id":"r","duration":600}`)
		other.clock.Advance(30 * time.Second)
	})
	w.add("MAKE_AVAILABLE", "vm-1")
	w.lease(lessee, "r", "")
	w.clock.Advance(time.Minute)
	if swept := w.sweep(); swept.Ended != 0 || w.state("vm-1") != "LEASED" {
		t.Fatalf("%+v", swept)
	}
}

func TestCancelRacesFulfilment(t *testing.T) {
	w := interleaved(t, true, commits("leases", "cancelled"), func(other *world) { other.add("DELETE", "vm-1") })
	w.lease(lessee, "r", "")
	if got := w.release(lessee, "r"); got != "" || w.state("vm-1") != "" {
		t.Fatalf("%s: the machine that it got meanwhile is %q", got, w.state("vm-1"))
	}
}

func TestDeletionRacesLease(t *testing.T) {
	deletes := func(call faulty.Call) bool {
		return call.Method == faulty.Commit && len(call.Writes) == 1 && call.Writes[0].Fields == nil
	}
	w := interleaved(t, true, deletes, func(other *world) { other.lease(lessee, "r", "") })
	w.add("DELETE", "vm-1")
	if _, got := w.call(backend, "catalog/v1/delete_machine", `{"dimensions":{"hostname":"vm-1"}}`); !strings.Contains(got, `"error":"LEASED"`) {
		t.Fatal(got)
	}
	if w.state("vm-1") != "LEASED" {
		t.Fatal("a leased machine was deleted")
	}
}

func TestDenialRacesFulfilment(t *testing.T) {
	w := interleaved(t, true, commits("leases", "too late"), func(other *world) { other.add("DELETE", "vm-1") })
	w.lease(lessee, "r", "")
	w.clock.Advance(4 * time.Hour)
	w.sweep()
	if got := w.lease(lessee, "r", ""); got.Hostname != "vm-1" {
		t.Fatalf("%+v", got)
	}
}

func TestNewRequestDoesNotOvertake(t *testing.T) {
	// A machine becomes free, and before it is handed on, another process gets
	// a new request.
	w := interleaved(t, false, commits("machines", "AVAILABLE"), func(other *world) {
		if got := other.lease(lessee2, "late", ""); got.State != "PENDING" {
			t.Errorf("the late one got %+v", got)
		}
	})
	w.lease(lessee, "early", "")
	w.clock.Advance(time.Second)
	w.call(backend, "catalog/v1/add_machine", `{"dimensions":{"hostname":"vm-1","os_family":"LINUX"},"policies":{}}`)
	if got := w.lease(lessee, "early", ""); got.Hostname != "vm-1" {
		t.Fatalf("%+v", got)
	}
}
