//go:build !race

package functions_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// 11. The Machine Provider answers 404 to everything for ten minutes.
func TestScenario11ForgetfulMachineProvider(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 111})
	w.Config.Set(one(20, 40))
	w.Converge(20)
	ids := []string{w.Lease(0), w.Lease(3600), w.Lease(7200)}
	w.Minutes(3)
	hosts := []string{w.HostOf(ids[0]), w.HostOf(ids[1]), w.HostOf(ids[2])}
	before := w.Stats.Deletions
	w.Forget(10 * time.Minute)
	w.Minutes(11)
	if lost := w.Stats.Deletions - before; lost > 4 {
		t.Errorf("%d VMs were given up; the brake's share of 20 is 5", lost)
	}
	for i, id := range ids {
		if hosts[i] == "" || w.HostOf(id) != hosts[i] {
			t.Errorf("the lease of %q is lost", hosts[i])
		}
	}
	w.Converge(60)
	w.StaysQuiet(1)
}

// 12. A thousand malformed messages arrive among valid ones.
func TestScenario12MalformedMessages(t *testing.T) {
	took := func(malformed int) time.Duration {
		w := newWorld(t, world.Options{Seed: 112})
		kinds := []string{"no json", "[1]", `{"baseName":7}`, `{"unknown":true}`, `{"zone":"../../x"}`, `"` + strings.Repeat("x", 300<<10), "{}{}", "\x00", `{"baseName":"a/b"}`, `{"instances":["x/y"]}`}
		topics := []string{"process-config", "create-instance-templates", "resize-instance-groups", "fetch-instances", "catalog-instances",
			"update-cataloged-instances", "delete-instances-pending-deletion", "cleanup-entities", "vm-activity", "leases-changed"}
		for i := range malformed {
			w.PostAfter(time.Duration(i)*50*time.Millisecond, topics[i/len(kinds)%len(topics)], kinds[i%len(kinds)])
		}
		begin := w.Now()
		w.Config.Set(one(4, 8))
		for range 300 {
			if w.RunFor(time.Second); len(w.Differences()) == 0 {
				break
			}
			if w.Now().Second() == 0 {
				w.Tick()
			}
		}
		took := w.Now().Sub(begin)
		w.Converge(10)
		w.StaysQuiet(1)
		return took
	}
	alone, among := took(0), took(1000)
	if among > alone+10*time.Second {
		t.Errorf("the pool is up after %s among malformed messages, and after %s without", among, alone)
	}
}

// 13. The runs that offer a pool are killed after they wrote the records and
// before they reached the catalog, for more machines than the brake allows to
// give up.
func TestScenario13OfferCutOff(t *testing.T) {
	kill := &cutOff{}
	w := newWorld(t, world.Options{Seed: 113, Plant: world.Plant{Name: "cut off", Dependencies: func(name string, deps job.Dependencies) job.Dependencies {
		if name == "catalog-instances" {
			deps.Catalog, deps.Store = cutCatalog{deps.Catalog, kill}, cutStore{deps.Store, kill}
		}
		return deps
	}}})
	w.Config.Set(one(20, 40))
	w.Converge(30)
	w.StaysQuiet(1)
}

// cutOff kills the first runs that offer machines.
type cutOff struct {
	offers int // the offers that were cut off
	dead   bool
}

var errCutOff = errors.New("the process was killed")

type cutCatalog struct {
	catalog.Catalog
	*cutOff
}

func (c cutCatalog) Add(ctx context.Context, entries ...catalog.Entry) ([]error, error) {
	if c.offers >= 10 {
		return c.Catalog.Add(ctx, entries...)
	}
	c.offers, c.dead = c.offers+len(entries), true
	return nil, errCutOff
}

type cutStore struct {
	store.Store
	*cutOff
}

// Get is the first call after the offer: that run does nothing more.
func (s cutStore) Get(ctx context.Context, keys ...store.Key) ([]store.Document, error) {
	if s.dead {
		s.dead = false
		return nil, errCutOff
	}
	return s.Store.Get(ctx, keys...)
}
