//go:build !race

package functions_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// A sweep that compares a group's listing with its records pauses right after
// it listed the group. Meanwhile a new VM is recorded and leased. It was not in
// the list, but it must not be taken for lost.
func TestRaceComparedRecordsAndANewVM(t *testing.T) {
	const counts, looks = "count instances of a manager", "listManagedInstances"
	w := newWorld(t, world.Options{Seed: 203, Latency: 100 * time.Millisecond, OperationTime: 100 * time.Millisecond, BootTime: time.Second})
	w.Config.Set(one(1, 5))
	w.Converge(20)
	var due time.Time // the minute of the comparison
	w.Hang(func(task, call string) bool {
		if due.IsZero() && strings.HasPrefix(task, "fetch-instances#") && strings.HasPrefix(call, counts) {
			due = w.Now().Truncate(time.Minute)
		}
		return false
	})
	const period = 6 * 60 // minutes
	w.Minutes(period)
	if due.IsZero() {
		t.Fatal("nothing was compared: this test tests nothing")
	}
	due = due.Add(period * time.Minute)
	w.Minutes(int(due.Sub(w.Now()) / time.Minute))

	hangBehind(w, "fetch-instances", looks, 1)
	w.Tick()
	w.RunFor(2 * time.Second)
	if w.Hung() != 1 {
		t.Fatal("the comparing run did not pause")
	}
	first := w.Lease(0)
	w.RunFor(10 * time.Second)
	second := w.Lease(0) // a lease of the VM that came meanwhile
	w.RunFor(2 * time.Second)
	host := w.HostOf(second)
	if host == "" || w.HostOf(first) == "" {
		t.Fatal("the leases were not fulfilled")
	}
	w.Unhang()
	w.Minutes(2)
	if w.HostOf(second) != host {
		t.Errorf("the lease of %s was ended, though its VM runs", host)
	}
	w.Converge(30)
	w.StaysQuiet(1)
}
