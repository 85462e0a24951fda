//go:build !race

package functions_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// Races about the catalog, interleaved on purpose: a run hangs after one of its
// calls while something else happens. The world checks its own invariants
// meanwhile.

// hangBehind makes a run of a job hang after its n-th call that contains text,
// counted from 1. No other run hangs.
func hangBehind(w *world.World, job, text string, n int) {
	runs, hung := map[string]int{}, false
	w.Hang(func(task, call string) bool {
		if hung || !strings.HasPrefix(task, job+"#") || !strings.Contains(call, text) {
			return false
		}
		runs[task]++
		hung = runs[task] == n
		return hung
	})
}

// untilHung runs the world until the run hangs.
func untilHung(t *testing.T, w *world.World) {
	t.Helper()
	for range 600 {
		if w.Hung() > 0 {
			return
		}
		if w.Now().Second() == 0 {
			w.Tick()
		}
		w.RunFor(time.Second)
	}
	t.Fatal("no run came to where it was to hang: this test tests nothing")
}

const (
	claimedForOffer = "state=cataloged"
	offered         = "/add_machines"
)

// A run of catalog-instances is overtaken by an event that takes its machines
// away. It may still offer them, because it cannot know. The offers must not
// stay, and whoever leased a machine meanwhile keeps it.
func TestRaceCatalogRunAndWhatTakesItsMachinesAway(t *testing.T) {
	for name, away := range map[string]func(w *world.World){
		"drained":         func(w *world.World) { w.Config.Set(variant(2)) },
		"not configured":  func(w *world.World) { w.Config.Set(func(c *world.Configuration) { c.Pools = map[string]world.Pool{} }) },
		"too many":        func(w *world.World) { w.Config.Set(one(1, 1)) },
		"deleted by hand": func(w *world.World) { deleteAll(t, w) },
		"the group too":   func(w *world.World) { w.DeleteGroup("us-central1-a", w.Cloud.State().Groups[0].Name) },
	} {
		for _, behind := range []string{claimedForOffer, offered} {
			for _, pause := range []int{1, 3} {
				t.Run(name+" "+behind+" "+time.Duration(pause*60e9).String(), func(t *testing.T) {
					w := newWorld(t, world.Options{Seed: 141})
					hangBehind(w, "catalog-instances", behind, 1)
					w.Config.Set(one(3, 5))
					untilHung(t, w)
					away(w)
					w.Minutes(pause)
					w.Unhang()
					w.RunFor(time.Second)
					id := w.Lease(0)
					w.Minutes(3)
					host := w.HostOf(id)
					w.Converge(90) // until no entry is without its VM
					w.StaysQuiet(1)
					if now := w.HostOf(id); host != "" && exists(w, host) && now != host {
						t.Errorf("the lease of %s became one of %q", host, now)
					}
				})
			}
		}
	}
}

func deleteAll(t *testing.T, w *world.World) {
	t.Helper()
	for _, vm := range w.Cloud.VMs() {
		if vm.Status == "" {
			continue // it does not exist yet
		}
		if err := w.Cloud.DeleteVM(vm.Project, vm.Zone, vm.Name); err != nil {
			t.Fatal(err)
		}
	}
}

func exists(w *world.World, host string) bool {
	for _, vm := range w.Cloud.VMs() {
		if vm.Name == host {
			return true
		}
	}
	return false
}

// Machines are chosen to be taken out, and leased before they are. The response
// to the removal decides, and not the state that was read before.
func TestRaceRemovalAndLease(t *testing.T) {
	const read, removed = "find instances of a manager by state", "/delete_machines"
	for name, c := range map[string]struct {
		job    string
		change func(*world.Configuration)
		reads  int // after which all machines are known
	}{
		"surplus": {"resize-instance-groups", one(1, 1), 1},
		"drained": {"remove-cataloged-instances", variant(2), 2},
	} {
		for behind, leased := range map[string]int{read: 3, removed: 0} {
			t.Run(name+" "+behind, func(t *testing.T) {
				w := newWorld(t, world.Options{Seed: 142})
				w.Config.Set(one(3, 5))
				w.Converge(20)
				hangBehind(w, c.job, behind, map[string]int{read: c.reads, removed: 1}[behind])
				w.Config.Set(c.change)
				untilHung(t, w)
				before := w.Stats.Leases
				ids := []string{w.Lease(0), w.Lease(0), w.Lease(0)}
				w.RunFor(10 * time.Second)
				if got := w.Stats.Leases - before; got < leased {
					t.Fatalf("only %d of three machines were leased: this test tests nothing", got)
				}
				var hosts []string
				for _, id := range ids {
					hosts = append(hosts, w.HostOf(id))
				}
				proposed := proposals(w)
				w.Unhang()
				w.Minutes(10)
				for i, id := range ids {
					if proposed[hosts[i]] {
						t.Errorf("%s is leased, and was to be deleted", hosts[i])
					}
					if hosts[i] != "" && (w.HostOf(id) != hosts[i] || !exists(w, hosts[i])) {
						t.Errorf("the lease of %s is lost", hosts[i])
					}
				}
				for _, id := range ids {
					w.Release(id)
				}
				w.Converge(60)
				w.StaysQuiet(1)
			})
		}
	}
}

// proposals returns the hosts that are to be deleted.
func proposals(w *world.World) map[string]bool {
	hosts := map[string]bool{}
	w.Listen(func(record slog.Record, _ []slog.Attr) {
		if host, ok := strings.CutPrefix(record.Message, job.DeletionProposed+" "); ok {
			hosts[host] = true
		}
	})
	return hosts
}

// forgetful makes a Machine Provider confirm removals that it does not make, as
// after its store was restored from an older copy.
type forgetful struct {
	catalog.Catalog
	on *bool
}

func (f forgetful) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	if *f.on {
		return make([]error, len(removals)), nil
	}
	return f.Catalog.Remove(ctx, removals...)
}

// A lease is granted just before the last look before a deletion, on a machine
// that should not be in the catalog any more.
func TestRaceLastLookAndLease(t *testing.T) {
	on := true
	w := newWorld(t, world.Options{Seed: 143, Plant: world.Plant{Name: "forgetful", Dependencies: func(name string, deps job.Dependencies) job.Dependencies {
		if name == "resize-instance-groups" {
			deps.Catalog = forgetful{deps.Catalog, &on}
		}
		return deps
	}}})
	w.Config.Set(one(3, 5))
	w.Converge(20)
	hangBehind(w, "delete-instances-pending-deletion", "/managers/", 1)
	w.Config.Set(one(1, 1))
	untilHung(t, w)
	on = false
	w.Hold("update-cataloged-instances") // which would save the leased machines as well
	ids := []string{w.Lease(0), w.Lease(0), w.Lease(0)}
	w.RunFor(10 * time.Second)
	var hosts []string
	for _, id := range ids {
		hosts = append(hosts, w.HostOf(id))
		if hosts[len(hosts)-1] == "" {
			t.Fatal("a machine was not leased: this test tests nothing")
		}
	}
	before := w.Stats.Deletions
	w.Unhang()
	w.Minutes(2)
	w.ReleaseAll()
	w.Minutes(3)
	if deleted := w.Stats.Deletions - before; deleted > 0 {
		t.Errorf("%d VMs were deleted; all are leased", deleted)
	}
	for i, id := range ids {
		if w.HostOf(id) != hosts[i] || !exists(w, hosts[i]) {
			t.Errorf("the lease of %s is lost", hosts[i])
		}
		w.Release(id)
	}
	w.Converge(60)
	w.StaysQuiet(1)
}
