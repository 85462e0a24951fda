//go:build !race

package functions_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// unanswered is a catalog that loses its response to the first offer.
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

// ways are the things that may happen to a pool of one machine right after it
// was offered.
var ways = map[string]func(*testing.T, *world.World){
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
		deleteAll(t, w)
	},
}

// A machine is in the catalog although the response to its offer was lost, and
// is taken away: two sweeps later its VM is deleted or about to be.
func TestRaceOfferedAgain(t *testing.T) {
	for name, away := range ways {
		for _, pause := range []time.Duration{0, 2 * time.Second, 3 * time.Minute} {
			t.Run(name+" "+pause.String(), func(t *testing.T) {
				lost := false
				w := newWorld(t, world.Options{Seed: 143, Plant: world.Plant{Name: "unanswered", Dependencies: func(name string, deps job.Dependencies) job.Dependencies {
					if name == "catalog-instances" {
						deps.Catalog = unanswered{deps.Catalog, &lost}
					}
					return deps
				}}})
				w.Config.Set(one(1, 2))
				until(t, w, func() bool { return lost })
				goOn(w, pause)
				old := map[uint64]bool{}
				for _, vm := range w.Cloud.VMs() {
					old[vm.ID] = true
				}
				away(t, w)
				goOn(w, 2*time.Minute)
				for _, vm := range w.Cloud.VMs() {
					if old[vm.ID] && vm.CurrentAction == "NONE" {
						t.Errorf("%s is not being deleted after two sweeps", vm.Name)
					}
				}
				w.Converge(40)
				w.StaysQuiet(1)
			})
		}
	}
}

// late is a catalog at which the first addition arrives only once let is true.
type late struct {
	catalog.Catalog
	*lateness
}

type lateness struct {
	entries []catalog.Entry
	let     bool
	answers []error
}

func (l late) Add(ctx context.Context, entries ...catalog.Entry) ([]error, error) {
	if l.entries == nil {
		l.entries = entries
		return nil, failure.New(failure.Transient, "no answer in time")
	}
	return l.Catalog.Add(ctx, entries...)
}

// Changes is called each minute.
func (l late) Changes(ctx context.Context, cursor string) (catalog.Changes, error) {
	if l.let && l.answers == nil {
		l.answers, _ = l.Catalog.Add(ctx, l.entries...)
	}
	return l.Catalog.Changes(ctx, cursor)
}

// lateOffer runs a world in which the first addition of a machine is delayed
// for long. If again is true, the machine is offered again meanwhile; then it
// is taken away. lateOffer returns the catalog's response to the late addition.
func lateOffer(t *testing.T, w *world.World, l *lateness, again bool, pause time.Duration, away func(*testing.T, *world.World)) []error {
	w.Config.Set(one(1, 2))
	until(t, w, func() bool { return l.entries != nil })
	if again {
		goOn(w, 70*time.Second)
	}
	away(t, w)
	goOn(w, pause)
	l.let = true
	goOn(w, time.Minute)
	w.Converge(40)
	w.StaysQuiet(1)
	return l.answers
}

func lateOptions(l *lateness, bug func(catalog.Catalog) catalog.Catalog) world.Options {
	return world.Options{Seed: 144, Plant: world.Plant{Name: "late", Dependencies: func(_ string, deps job.Dependencies) job.Dependencies {
		deps.Catalog = late{bug(deps.Catalog), l}
		return deps
	}}}
}

// The late addition is refused when it arrives: at most one offer is ever
// valid.
func TestRaceLateOffer(t *testing.T) {
	for name, away := range ways {
		for _, again := range []bool{false, true} {
			for _, pause := range []time.Duration{2 * time.Second, time.Minute, 6 * time.Minute, 30 * time.Minute} {
				t.Run(fmt.Sprintf("%s %t %s", name, again, pause), func(t *testing.T) {
					l := &lateness{}
					w := newWorld(t, lateOptions(l, func(c catalog.Catalog) catalog.Catalog { return c }))
					answers := lateOffer(t, w, l, again, pause, away)
					if len(answers) != 1 || again && !errors.Is(answers[0], catalog.ErrSettled) && !errors.Is(answers[0], catalog.ErrReused) {
						t.Errorf("the late addition was answered %v", answers)
					}
				})
			}
		}
	}
}

// The test above finds these planted bugs.
func TestRaceLateOfferPlanted(t *testing.T) {
	for name, bug := range map[string]func(catalog.Catalog) catalog.Catalog{
		"offers again without settling":     func(c catalog.Catalog) catalog.Catalog { return unsettled{c} },
		"an addition that no fence refuses": func(c catalog.Catalog) catalog.Catalog { return unfenced{c} },
	} {
		t.Run(name, func(t *testing.T) {
			for _, away := range ways {
				for _, pause := range []time.Duration{2 * time.Second, time.Minute, 6 * time.Minute} {
					l := &lateness{}
					w := world.New(suite(t), lateOptions(l, bug))
					lateOffer(t, w, l, true, pause, away)
					broken := w.Broken()
					w.Close()
					if broken != nil {
						t.Logf("found: %v", broken)
						return
					}
				}
			}
			t.Error("not found")
		})
	}
}

// until runs the world until a condition holds.
func until(t *testing.T, w *world.World, so func() bool) {
	t.Helper()
	for range 600 {
		if so() {
			return
		}
		goOn(w, time.Second)
	}
	t.Fatal("it did not come to it: this test tests nothing")
}

// goOn runs the world for a time, with its ticks.
func goOn(w *world.World, d time.Duration) {
	for end := w.Now().Add(d); w.Broken() == nil && w.Now().Before(end); {
		w.RunFor(time.Second)
		if w.Now().Second() == 0 {
			w.Tick()
		}
	}
}

// unsettled offers again without settling. unfenced makes additions that no
// fence refuses.
type unsettled struct{ catalog.Catalog }

func (c unsettled) Get(ctx context.Context, questions ...catalog.Question) ([]catalog.Machine, error) {
	settled := make([]bool, len(questions))
	for i := range questions {
		settled[i], questions[i].Settle = questions[i].Settle, false
	}
	machines, err := c.Catalog.Get(ctx, questions...)
	for i := range machines {
		if settled[i] && errors.Is(machines[i].Err, catalog.ErrNotFound) {
			machines[i].Err = catalog.ErrSettled
		}
	}
	return machines, err
}

func (c unsettled) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	for i := range removals {
		removals[i].Settle = false
	}
	answers, err := c.Catalog.Remove(ctx, removals...)
	for i := range answers {
		if errors.Is(answers[i], catalog.ErrNotFound) {
			answers[i] = catalog.ErrSettled
		}
	}
	return answers, err
}

type unfenced struct{ catalog.Catalog }

func (c unfenced) Add(ctx context.Context, entries ...catalog.Entry) ([]error, error) {
	for i := range entries {
		entries[i].Offer += 1000
	}
	return c.Catalog.Add(ctx, entries...)
}
