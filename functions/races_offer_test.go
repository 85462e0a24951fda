//go:build !race

package functions_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// unanswered is a catalog whose first answer to an offer is lost.
type unanswered struct {
	catalog.Catalog
	lost *bool
}

func (u unanswered) Add(ctx context.Context, entries ...catalog.Entry) ([]error, error) {
	answers, err := u.Catalog.Add(ctx, entries...)
	if !*u.lost {
		*u.lost = true
		return nil, failure.New(failure.Transient, "the answer was lost")
	}
	return answers, err
}

// A machine is in the catalog by an offer whose answer was lost, and is offered
// again. While the Machine Provider is about to write the second entry, for it
// saw the first one and looks whose it is, the first is taken out: what became
// of one offer says nothing about the other (seed 19787).
func TestRaceOfferedAgain(t *testing.T) {
	for name, away := range map[string]func(*testing.T, *world.World){
		"deleted by hand": deleteAll,
		"drained":         func(_ *testing.T, w *world.World) { w.Config.Set(variant(2)) },
		"leased and released": func(_ *testing.T, w *world.World) {
			id := w.Lease(0)
			w.RunFor(time.Second)
			w.Release(id)
		},
		"leased, released and deleted by hand": func(t *testing.T, w *world.World) {
			id := w.Lease(0)
			w.RunFor(time.Second)
			w.Release(id)
			w.RunFor(time.Second)
			deleteAll(t, w)
		},
	} {
		for _, pause := range []time.Duration{2 * time.Second, 5 * time.Second, 3 * time.Minute} {
			t.Run(name+" "+pause.String(), func(t *testing.T) {
				lost := false
				w := newWorld(t, world.Options{Seed: 143, Plant: world.Plant{Name: "unanswered", Dependencies: func(name string, deps job.Dependencies) job.Dependencies {
					if name == "catalog-instances" {
						deps.Catalog = unanswered{deps.Catalog, &lost}
					}
					return deps
				}}})
				w.Config.Set(one(1, 2))
				hung := false
				w.Hang(func(task, call string) bool { // behind the refusal of the second entry
					second := lost && !hung && strings.HasPrefix(task, "machine-provider.add_machines#") && strings.Contains(call, "state=AVAILABLE")
					hung = hung || second
					return second
				})
				untilHung(t, w)
				away(t, w)
				for end := w.Now().Add(pause); w.Now().Before(end); {
					w.RunFor(time.Second)
					if w.Now().Second() == 0 {
						w.Tick()
					}
				}
				w.Unhang()
				w.RunFor(time.Second)
				w.Converge(int(fleet.OfferWindow/time.Minute) + 30)
				w.StaysQuiet(1)
			})
		}
	}
}
