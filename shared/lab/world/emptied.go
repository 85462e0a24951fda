package world

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// forgotten holds the instances that the Machine Provider has lost, and counts
// those that jobs have given up.
type forgotten struct {
	instances map[string]bool
	cost      map[string]int // by task and manager
}

// EmptyProvider deletes everything that the Machine Provider has stored, as if
// it had been given an empty database.
func (w *World) EmptyProvider() {
	w.Note("the Machine Provider's database is emptied")
	for instance := range w.mirror.Machines {
		w.forgotten.instances[instance] = true
	}
	forget := func(collection string, ids []string) {
		for _, id := range ids {
			if _, err := w.Documents.Commit(context.Background(), store.Delete(store.MustKey(collection, id))); err != nil {
				panic(err) // the mirror has what the store has
			}
		}
	}
	forget("machines", slices.Sorted(maps.Keys(w.mirror.cataloged)))
	forget("leases", slices.Sorted(maps.Keys(w.mirror.Leases)))
	clear(w.mirror.Machines)
	clear(w.mirror.cataloged)
	clear(w.mirror.Leases)
}

// givenUp checks that no instance of a manager is given up while the number of
// the manager's instances that are missing without a reason exceeds what the
// brake allows.
func (w *World) givenUp(was, is fleet.Instance) {
	t := w.tasks.current
	if t == nil || !strings.HasPrefix(t.name, "update-cataloged-instances") || w.Config.Brake > 0 ||
		!w.missed(was) || is.State != fleet.PendingDeletion {
		return
	}
	w.check(invariants.BrakeHolds)
	by := t.name + " " + is.ManagerKey().String()
	w.forgotten.cost[by]++
	missed, total := w.forgotten.cost[by], 0
	for _, other := range w.mirror.Instances {
		if other.ManagerKey() != is.ManagerKey() {
			continue
		}
		total++ // also those in deletion: they may have counted when the run began
		if w.missed(other) {
			missed++
		}
	}
	if most := fleet.DefaultBrake.Allowance(total); missed > most {
		w.Break(invariants.BrakeHolds, fmt.Sprintf("%s is given up while %d of %d instances of %s are missed", is.Key(), missed, total, is.ManagerKey()))
	}
}

// missed reports whether the Machine Provider lost an instance, and nothing else
// explains its absence from the catalog.
func (w *World) missed(i fleet.Instance) bool {
	_, offered := w.mirror.Machines[i.Key()]
	return w.forgotten.instances[i.Key()] && !offered && i.Live() && !i.LeaseOver(w.clock.Add(w.apart()))
}
