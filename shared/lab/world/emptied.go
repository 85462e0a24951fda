package world

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// forgotten is what the Machine Provider does not know any more, and what that
// has cost.
type forgotten struct {
	instances map[string]bool
	cost      map[string]int // by task and manager
}

func newForgotten() forgotten {
	return forgotten{instances: map[string]bool{}, cost: map[string]int{}}
}

// EmptyProvider deletes all that the Machine Provider has stored, as if it had
// been given another database.
func (w *World) EmptyProvider() {
	w.Note("the Machine Provider's database is emptied")
	for instance := range w.mirror.offers {
		w.forgotten.instances[instance] = true
	}
	keys := slices.Concat(slices.Sorted(maps.Keys(w.mirror.machines)), slices.Sorted(maps.Keys(w.mirror.leases)))
	for _, key := range keys {
		if _, err := w.Documents.Commit(context.Background(), store.Delete(key)); err != nil {
			panic(err) // the mirror has what the store has
		}
	}
	clear(w.mirror.machines)
	clear(w.mirror.leases)
	clear(w.mirror.offers)
	clear(w.mirror.holders)
}

// givenUp: nothing of a manager is given up while more than the brake's share
// of it is missed without a reason.
func (w *World) givenUp(was, is fleet.Instance) {
	t := w.tasks.current
	if t == nil || !strings.HasPrefix(t.name, "update-cataloged-instances") || w.Config.Brake > 0 ||
		!w.missed(was) || is.State != fleet.PendingDeletion {
		return
	}
	w.check(BrakeHolds)
	by := t.name + " " + is.ManagerKey().String()
	w.forgotten.cost[by]++
	missed, total := w.forgotten.cost[by], 0
	for _, other := range w.mirror.instances {
		if other.ManagerKey() != is.ManagerKey() {
			continue
		}
		total++ // also what is going: it may have counted when the run began
		if w.missed(other) {
			missed++
		}
	}
	if most := fleet.DefaultBrake.Allowance(total); missed > most {
		w.Break(BrakeHolds, fmt.Sprintf("%s is given up while %d of %d instances of %s are missed", is.Key(), missed, total, is.ManagerKey()))
	}
}

// missed reports whether an instance was forgotten, and nothing explains that it
// is not in the catalog.
func (w *World) missed(i fleet.Instance) bool {
	_, offered := w.offered(i.Key())
	return w.forgotten.instances[i.Key()] && !offered && i.Live() && !i.LeaseOver(w.clock.Add(w.apart()))
}
