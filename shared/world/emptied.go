package world

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/store"
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

// givenUp: what the Machine Provider has forgotten is given up by the brake's
// share, in each run.
func (w *World) givenUp(was, is fleet.Instance) {
	t := w.tasks.current
	if t == nil || !strings.HasPrefix(t.name, "update-cataloged-instances") || w.Config.Brake > 0 ||
		!w.forgotten.instances[is.Key()] || !was.Live() || is.State != fleet.PendingDeletion {
		return
	}
	w.check(BrakeHolds)
	by := t.name + " " + is.ManagerKey().String()
	w.forgotten.cost[by]++
	total := 0
	for _, other := range w.mirror.instances {
		if other.ManagerKey() == is.ManagerKey() {
			total++
		}
	}
	if most := fleet.DefaultBrake.Allowance(total); w.forgotten.cost[by] > most {
		w.Break(BrakeHolds, fmt.Sprintf("%s gives up %d of %d instances of %s", t.name, w.forgotten.cost[by], total, is.ManagerKey()))
	}
}
