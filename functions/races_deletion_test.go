//go:build !race

package functions_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/job/resource"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// Races about groups that are to be deleted.

const deleteGroups = "delete-instance-group-managers"

// A template changes to another revision and back, while a run that is about to
// delete the first revision's group hangs. Before the run's claim, the group
// stays; after it, the group is deleted and created again. No group in use is
// ever deleted.
func TestRaceThereAndBackWhileAGroupIsDeleted(t *testing.T) {
	for name, c := range map[string]struct {
		behind string
		n      int
		stays  bool
	}{
		"read as drained":           {"find managers by state", 1, true},
		"looked at":                 {"listManagedInstances", 1, true},
		"claimed":                   {"deleting=true", 1, false},
		"looked at under the claim": {"listManagedInstances", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, world.Options{Seed: 151})
			w.Config.Set(one(0, 5))
			w.Converge(20)
			first := w.Cloud.State().Groups[0]
			hangBehind(w, deleteGroups, c.behind, c.n)
			w.Config.Set(variant(2))
			w.RunFor(5 * time.Second)
			untilHung(t, w)
			before := w.Cloud.Calls()["instanceGroupManagers.delete"]
			w.Config.Set(variant(1))
			w.Settle(10 * time.Second)
			w.Unhang()
			w.RunFor(20 * time.Second)
			if calls := w.Cloud.Calls()["instanceGroupManagers.delete"] - before; c.stays && calls > 0 && !there(w, first.Name) {
				t.Errorf("the group of the active revision was deleted, by %d calls", calls)
			}
			w.Converge(60)
			w.StaysQuiet(1)
			if !there(w, first.Name) {
				t.Error("the group is not there again")
			}
		})
	}
}

func there(w *world.World, group string) bool {
	for _, g := range w.Cloud.State().Groups {
		if g.Name == group && !g.Deleting {
			return true
		}
	}
	return false
}

// A message that asks for a deletion is sent while the other revision is
// active, and arrives when the first revision is active again.
func TestRaceQueuedDeletion(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 152})
	w.Config.Set(one(2, 5))
	w.Converge(20)
	first := w.Cloud.State().Groups[0].Name
	w.Hold(deleteGroups)
	w.Config.Set(variant(2))
	w.Minutes(25) // long enough for the first group to become empty
	queued := 0
	for _, message := range w.History("delete-instances-pending-deletion") {
		if strings.Contains(string(message.Data), first[strings.LastIndexByte(first, '-')+1:]) {
			w.After(time.Minute, func() { w.Deliver(deleteGroups, message) })
			queued++
		}
	}
	if queued == 0 || !there(w, first) {
		t.Fatalf("%d messages about %s: this test tests nothing", queued, first)
	}
	w.Config.Set(variant(1))
	w.Minutes(3)
	w.ReleaseAll()
	w.Minutes(2)
	if !there(w, first) {
		t.Error("the group of the active revision is gone")
	}
	w.Converge(60)
	w.StaysQuiet(1)
}

// owner owns the groups and templates of a world.
var owner = compute.Owner{Project: world.Project, Deployment: world.Deployment}

// orphans makes groups in Compute Engine that no record accounts for.
func orphans(t *testing.T, w *world.World, template string, n int, label string) (names []string) {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("left%d-0123456789ab", i)
		if label != owner.Label() {
			name = "no" + name
		}
		body := fmt.Sprintf(`{"name":%q,"baseInstanceName":"left-01234567-us-central1-a","instanceTemplate":"global/instanceTemplates/%s","targetSize":0,
"allInstancesConfig":{"properties":{"labels":{%q:%q}}}}`, name, template, compute.OwnershipLabel, label)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			"http://compute.test/compute/v1/projects/"+world.Project+"/zones/us-central1-a/instanceGroupManagers", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := w.Cloud.Transport().RoundTrip(r)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
		_ = response.Body.Close()
		names = append(names, name)
	}
	return names
}

// A resource that no record accounts for is deleted only after two complete
// sweeps, some time apart, a few in each run, and never without our label.
func TestRaceOrphansAndSweeps(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 153})
	w.Config.Set(one(1, 3))
	w.Converge(20)
	template := w.Cloud.State().Groups[0].Name // a group and its template have one name
	ours := orphans(t, w, template, 2*resource.DeletionsPerRun, owner.Label())
	others := orphans(t, w, template, 1, "another-deployment")
	made := w.Now()
	count := func() (n int) {
		for _, name := range ours {
			if there(w, name) {
				n++
			}
		}
		return n
	}
	// No sweep is complete while a zone does not respond.
	w.Cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.aggregatedList", Count: -1, Fault: simulator.Fault{Page: simulator.PageUnreachable}})
	w.Minutes(10)
	if left := count(); left != len(ours) {
		t.Errorf("%d of %d are left, though no sweep was complete", left, len(ours))
	}
	w.Cloud.ClearFaults()
	adopted := map[time.Time]int{}
	seen, calm := events(w), w.Now()
	for count() > 0 && w.Now().Sub(made) < 2*time.Hour {
		before := seen["ORPHAN_ADOPTED"]
		w.Minutes(1)
		if n := seen["ORPHAN_ADOPTED"] - before; n > 0 {
			adopted[w.Now()] = n
			if w.Now().Sub(calm) <= resource.Confirmation {
				t.Errorf("adopted %s after the first complete sweep could be", w.Now().Sub(calm))
			}
		}
	}
	for at, n := range adopted {
		if n > resource.DeletionsPerRun {
			t.Errorf("%d at %s, more than a run may take", n, at)
		}
	}
	if count() > 0 || len(adopted) < 2 {
		t.Errorf("%d orphans are left; %v", count(), adopted)
	}
	w.Minutes(40)
	if !there(w, others[0]) {
		t.Error("the group of another deployment is gone")
	}
}
