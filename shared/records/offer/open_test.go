package offer

import (
	"slices"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/catalogtest"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
)

// An offer stays on record until the records say what became of it, so that one
// that was cut off is found.
func TestAnOfferIsOpenUntilItIsSettled(t *testing.T) {
	for _, test := range []struct {
		name string
		add  catalogtest.Fault
		dead bool // from the catalog's answer on nothing is written any more
		open bool
	}{
		{name: "taken"},
		{name: "not answered", add: catalogtest.Fault{Before: down}},
		{name: "killed", dead: true, add: catalogtest.Fault{Before: down}, open: true},
		{name: "killed behind the answer", dead: true, open: true},
	} {
		b := newBench(t)
		b.add("a", nil)
		killed := false
		b.fault = func(faulty.Call) faulty.Fault {
			if killed {
				return faulty.Unavailable
			}
			return faulty.Fault{}
		}
		b.catalog.Hook(catalogtest.Hooks{Before: func(catalogtest.Method, []string) catalogtest.Fault {
			if offers := b.offers(); !slices.Equal(offers, []string{key("a")}) {
				t.Errorf("%s: open while it is offered: %v", test.name, offers)
			}
			killed = test.dead
			return test.add
		}})
		_, err := b.Offer(t.Context(), b.items("a"), entryOf)
		if got := len(b.offers()) > 0; got != test.open || (err != nil) != (test.open || test.add.Before != nil) {
			t.Errorf("%s: open afterwards: %t, and %v", test.name, got, err)
		}
	}
}

// Whoever offers nothing leaves nothing open.
func TestAnOfferOfWhatAnotherRunOffers(t *testing.T) {
	b := newBench(t)
	b.add("a", nil)
	items := b.items("a")
	b.change("a", func(i fleet.Instance) (fleet.Instance, bool) { return i.Offer(noon) })
	if _, err := b.Offer(t.Context(), items, entryOf); err != nil || len(b.offers()) > 0 {
		t.Error(b.offers(), err)
	}
}

// offers lists the instances of open offers.
func (b *bench) offers() (instances []string) {
	b.Helper()
	found, err := b.inside.Find(b.Context(), store.Query{Collection: "offers"})
	if err != nil {
		b.Fatal(err)
	}
	for _, offer := range found {
		for _, instance := range offer.Fields["instances"].([]any) {
			instances = append(instances, instance.(string))
		}
	}
	return instances
}
