//go:build !race

package functions_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// Scenarios that have harmed systems like this one.

// one makes a configuration of one pool in one zone.
func one(minimum, maximum int) func(*world.Configuration) {
	return func(c *world.Configuration) {
		c.Pools = map[string]world.Pool{"pool": {Variant: 1, Zones: map[string]fleet.Sizes{"us-central1-a": {Minimum: minimum, Maximum: maximum}}}}
	}
}

func variant(n int) func(*world.Configuration) {
	return func(c *world.Configuration) {
		for base, pool := range c.Pools {
			c.Pools[base] = world.Pool{Variant: n, Zones: pool.Zones}
		}
	}
}

// events counts the lines that a world logged, by the value of the attribute
// event.
func events(w *world.World) map[string]int {
	counts := map[string]int{}
	w.Listen(func(record slog.Record, _ []slog.Attr) {
		record.Attrs(func(a slog.Attr) bool {
			if a.Key == "event" {
				counts[a.Value.String()]++
			}
			return true
		})
	})
	return counts
}

// 1. A steady pool of 20: ten leases expire and the configuration changes,
// while events are dropped, doubled or late. The end is the same.
func TestScenario01EventsDroppedDoubledOrLate(t *testing.T) {
	run := func(t *testing.T, options world.Options) (*world.World, world.Stats) {
		options.Seed = 101
		w := newWorld(t, options)
		w.Config.Set(one(20, 30))
		w.Converge(20)
		for range 10 {
			w.Lease(120)
		}
		w.Minutes(1)
		before := w.Stats
		w.Config.Set(one(22, 30))
		w.Converge(60)
		w.StaysQuiet(1)
		after := w.Stats
		after.Deletions, after.Raises = after.Deletions-before.Deletions, after.Raises-before.Raises
		return w, after
	}
	_, plain := run(t, world.Options{})
	if plain.Deletions != 10 {
		t.Errorf("%d VMs were deleted; ten were released", plain.Deletions)
	}
	t.Run("dropped", func(t *testing.T) {
		if _, s := run(t, world.Options{NoEvents: true}); s.Deletions != plain.Deletions {
			t.Errorf("%d VMs were deleted; with events it is %d", s.Deletions, plain.Deletions)
		}
	})
	t.Run("thrice and out of order", func(t *testing.T) {
		_, s := run(t, world.Options{Faults: world.Faults{world.MessageDoubled: 1}, Latency: 10 * time.Second})
		if s.Deletions != plain.Deletions || s.Raises != plain.Raises {
			t.Errorf("%d VMs were deleted and %d asked for; without duplicates it is %d and %d", s.Deletions, s.Raises, plain.Deletions, plain.Raises)
		}
	})
	t.Run("one late", func(t *testing.T) {
		w, _ := run(t, world.Options{})
		before := w.Stats
		for _, message := range w.History("update-cataloged-instances") {
			if len(message.Attributes) > 0 {
				w.Deliver("update-cataloged-instances", message)
			}
		}
		w.Settle(time.Minute)
		if writes, mutations := w.Stats.Writes-before.Writes, w.Stats.Mutations-before.Mutations; writes+mutations > 0 {
			t.Errorf("what came late made %d writes and %d mutations", writes, mutations)
		}
	})
}

// 2. Maximum 100, 40 VMs of the old revision: at most 60, and at most one call.
func TestScenario02FiveResizesAtOnce(t *testing.T) {
	sizing := fleet.Sizing{Minimum: 10, Maximum: 100, Leased: 50, Others: 40, Group: fleet.Counts{Target: 55, Idle: 30, Total: 55}}
	if target, ok := sizing.Target(); ok {
		t.Errorf("the target is raised to %d, though 55 is what 50 leases ask for", target)
	}
	sizing.Leased = 60
	if target, _ := sizing.Target(); target != 60 {
		t.Errorf("the target is %d and not 60: 100 less the 40 of the old revision", target)
	}
	w := newWorld(t, world.Options{Seed: 102})
	w.Config.Set(one(10, 25))
	w.Converge(20)
	for range 10 {
		w.Lease(0)
	}
	w.Config.Set(one(20, 25)) // 10 VMs of the old revision stay
	w.Config.Set(variant(2))
	w.Hold("resize-instance-groups")
	w.Minutes(3)
	w.ReleaseAll()
	before := w.Cloud.Calls()["instanceGroupManagers.resize"]
	for range 5 {
		w.Deliver("resize-instance-groups", event.Message{Topic: "resize-instance-groups", Data: []byte("{}")})
	}
	w.HoldOthers("resize-instance-groups")
	w.Settle(5 * time.Minute)
	if calls := w.Cloud.Calls()["instanceGroupManagers.resize"] - before; calls != 1 {
		t.Errorf("%d calls", calls)
	}
	for _, group := range w.Cloud.State().Groups {
		if group.TargetSize > 15 {
			t.Errorf("the target is %d; the maximum less the old revision's is 15", group.TargetSize)
		}
	}
}

// 3. Half of a large target is up already: no call.
func TestScenario03TargetAboveWhatIsWanted(t *testing.T) {
	sizing := fleet.Sizing{Minimum: 80, Maximum: 200, Group: fleet.Counts{Target: 100, Idle: 50, Total: 100}}
	if target, ok := sizing.Target(); ok {
		t.Errorf("resized to %d", target)
	}
}

// 4. A fetch that has listed a VM pauses. The VM is deleted and its record is
// cleaned up. Then the fetch continues.
func TestScenario04FetchThatPaused(t *testing.T) {
	for _, pause := range []time.Duration{4 * time.Minute, 40 * time.Minute} {
		t.Run(pause.String(), func(t *testing.T) {
			w := newWorld(t, world.Options{Seed: 104})
			w.Config.Set(one(1, 5))
			hung := false
			w.Hang(func(task, call string) bool {
				if hung || !strings.HasPrefix(task, "fetch-instances") || !strings.Contains(call, "listManagedInstances") || len(running(w)) == 0 {
					return false
				}
				hung = true
				return true
			})
			w.Minutes(3)
			if w.Hung() != 1 {
				t.Fatal("no fetch paused")
			}
			first := running(w)[0]
			w.Config.Set(func(c *world.Configuration) { c.Pools = map[string]world.Pool{} })
			w.Minutes(int(pause / time.Minute))
			w.Unhang()
			w.Settle(time.Minute)
			w.Converge(60)
			w.StaysQuiet(1)
			for _, vm := range running(w) {
				if vm == first {
					t.Errorf("%s is still there", vm)
				}
			}
		})
	}
}

// running lists the names of the VMs that run.
func running(w *world.World) []string {
	var names []string
	for _, vm := range w.Cloud.VMs() {
		if vm.Status == "RUNNING" {
			names = append(names, vm.Name)
		}
	}
	return names
}

// 5. Three hundred VMs are pending deletion. One of them is already gone, and
// one deletion is never performed by Compute Engine.
func TestScenario05ManyDeletions(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 105})
	w.Config.Set(one(300, 400))
	w.Converge(20)
	seen := events(w)
	w.Hold("delete-instances-pending-deletion")
	w.Config.Set(func(c *world.Configuration) { c.Pools = map[string]world.Pool{} })
	w.Minutes(3)
	gone := w.Cloud.VMs()[7]
	if err := w.Cloud.DeleteVM(gone.Project, gone.Zone, gone.Name); err != nil {
		t.Fatal(err)
	}
	w.Cloud.Inject(simulator.Injection{Method: "instances.delete", Skip: 20, Fault: simulator.Fault{NeverEnds: true}})
	w.RunFor(time.Second)
	before := w.Cloud.Calls()["instanceGroupManagers.deleteInstances"]
	w.ReleaseAll()
	w.Minutes(5)
	if calls := w.Cloud.Calls()["instanceGroupManagers.deleteInstances"] - before; calls > 2 {
		t.Errorf("%d calls for 300 VMs", calls)
	}
	if left := len(w.Cloud.VMs()); left != 1 {
		t.Errorf("%d VMs are left; one is stuck", left)
	}
	w.Minutes(20)
	if seen["DELETION_STUCK"] == 0 {
		t.Error("nothing is said of the deletion that is stuck")
	}
	w.Converge(60) // until the repeated request deletes it
	w.StaysQuiet(1)
}

// 6. A group is being deleted when its configuration comes back.
func TestScenario06RevertedDuringDeletion(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 106})
	w.Config.Set(one(0, 5))
	w.Converge(20)
	w.Cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.delete", Fault: simulator.Fault{OperationDelay: 90 * time.Second}})
	w.Config.Set(func(c *world.Configuration) { c.Pools = map[string]world.Pool{} })
	for range 30 {
		if deleting(w) {
			break
		}
		w.RunFor(time.Second)
	}
	if !deleting(w) {
		w.Minutes(1)
	}
	w.Config.Set(one(0, 5))
	for range 10 {
		w.Minutes(1)
		if !deleting(w) {
			break
		}
	}
	if took := w.Converge(2); took > 2*time.Minute {
		t.Errorf("the group is there again after %s", took)
	}
	w.StaysQuiet(1)
}

func deleting(w *world.World) bool {
	for _, group := range w.Cloud.State().Groups {
		if group.Deleting {
			return true
		}
	}
	return false
}

// 7. Fifty mutations are pending when the rate limit, 503 and a stockout occur.
func TestScenario07NothingIsGivenUp(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 107})
	w.Cloud.Inject(simulator.Injection{Method: "instanceTemplates.insert", Count: 25, Fault: simulator.Fault{Status: http.StatusForbidden, Reason: "rateLimitExceeded"}})
	w.Cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.insert", Count: 25, Fault: simulator.Fault{Status: http.StatusServiceUnavailable}})
	w.Cloud.Inject(simulator.Injection{Method: "instances.insert", Count: 50, Fault: simulator.Fault{
		OperationErrors: []simulator.OperationError{{Code: "ZONE_RESOURCE_POOL_EXHAUSTED", Message: "no more"}}}})
	w.Config.Set(func(c *world.Configuration) {
		for i := range 25 {
			c.Pools[fmt.Sprintf("pool%d", i)] = world.Pool{Variant: 1, Zones: map[string]fleet.Sizes{"us-central1-a": {Minimum: 1, Maximum: 2}}}
		}
	})
	for range 5 {
		before := w.Stats.Calls
		w.Minutes(1)
		if calls := w.Stats.Calls - before; calls > 1500 {
			t.Errorf("%d calls within a minute", calls)
		}
	}
	w.Converge(20)
	w.StaysQuiet(1)
}

// 8. The longest names in the longest zone, and a VM that is repaired under its
// old name while it is leased.
func TestScenario08LongNamesAndRepairs(t *testing.T) {
	const zone = "northamerica-northeast1-a"
	longest := strings.Repeat("n", fleet.MaxBaseInstanceNameLength-len(zone)-10) // two hyphens, eight digits
	w := newWorld(t, world.Options{Seed: 108, Zones: []string{zone}})
	w.Config.Set(func(c *world.Configuration) {
		c.Pools[longest] = world.Pool{Variant: 1, Zones: map[string]fleet.Sizes{zone: {Minimum: 2, Maximum: 4}}}
	})
	w.Converge(20)
	id := w.Lease(3600)
	w.Minutes(2)
	host := w.HostOf(id)
	if err := w.Cloud.RepairVM(world.Project, zone, host); err != nil {
		t.Fatal(err)
	}
	w.Converge(60)
	w.StaysQuiet(1)
	if w.HostOf(id) != "" {
		t.Error("the lease of the VM that is no more goes on")
	}
	w.Config.Set(func(c *world.Configuration) {
		c.Pools[longest+"n"] = c.Pools[longest]
		delete(c.Pools, longest)
	})
	seen := events(w)
	w.Minutes(1)
	if seen["CONFIG_INVALID"] == 0 {
		t.Error("a name over the limit is not refused")
	}
}

// 9. A drain races a run of catalog-instances; a drained pool has an indefinite
// lease; a template that never had managers is removed.
func TestScenario09Drains(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 109})
	hung := false
	w.Hang(func(task, call string) bool {
		if hung || !strings.HasPrefix(task, "catalog-instances") || !strings.Contains(call, "state=cataloged") {
			return false
		}
		hung = true
		return true
	})
	w.Config.Set(one(3, 5))
	w.Config.Set(func(c *world.Configuration) {
		c.Pools["bare"] = world.Pool{Variant: 1, Zones: map[string]fleet.Sizes{}}
	})
	w.Minutes(2)
	if w.Hung() != 1 {
		t.Fatal("no catalog run paused")
	}
	w.Config.Set(func(c *world.Configuration) { delete(c.Pools, "bare") })
	w.Config.Set(variant(2))
	w.Minutes(3)
	w.Unhang() // which now offers machines that are to be deleted
	w.RunFor(time.Second)
	id := w.Lease(0)
	w.Minutes(5)
	host := w.HostOf(id)
	w.Converge(90)
	w.StaysQuiet(1)
	if host == "" || w.HostOf(id) != host {
		t.Errorf("the lease of %q is lost", host)
	}
	w.Release(id)
	w.Converge(60)
	w.StaysQuiet(1)
}
