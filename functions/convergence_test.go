package functions_test

import (
	"fmt"
	"testing"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/world"
)

func TestConvergesAndStaysQuiet(t *testing.T) {
	for _, noEvents := range []bool{false, true} {
		t.Run(fmt.Sprintf("noEvents=%t", noEvents), func(t *testing.T) {
			w := newWorld(t, world.Options{Seed: 1, NoEvents: noEvents})
			w.Config.Set(example)
			t.Log(w.Converge(15))
			w.StaysQuiet(70)
		})
	}
}

func TestLeaseReleaseReplace(t *testing.T) {
	for _, noEvents := range []bool{false, true} {
		t.Run(fmt.Sprintf("noEvents=%t", noEvents), func(t *testing.T) {
			w := newWorld(t, world.Options{Seed: 1, NoEvents: noEvents})
			w.Config.Set(example)
			w.Converge(15)
			id := w.Lease(0)
			w.Settle(1e12)
			host := w.HostOf(id)
			if host == "" {
				t.Fatal("no lease")
			}
			w.Converge(10)
			w.StaysQuiet(3)
			w.Release(id)
			t.Log(w.Converge(40))
			w.StaysQuiet(3)
		})
	}
}

func TestTemplateChange(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 1})
	w.Config.Set(example)
	w.Converge(15)
	id := w.Lease(0)
	w.Settle(1e12)
	host := w.HostOf(id)
	change := func(variant int) {
		w.Config.Set(func(c *world.Configuration) {
			for base, pool := range c.Pools {
				c.Pools[base] = world.Pool{Variant: variant, Zones: pool.Zones}
			}
		})
	}
	change(2)
	t.Log(w.Converge(50))
	w.StaysQuiet(3)
	if w.HostOf(id) != host {
		t.Error("the leased machine was lost")
	}
	w.Release(id)
	t.Log(w.Converge(50))
	w.StaysQuiet(3)
	// There and back again.
	change(1)
	w.RunFor(3e9)
	change(2)
	t.Log(w.Converge(50))
	w.StaysQuiet(3)
}

func TestEmptied(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 1})
	w.Config.Set(example)
	w.Converge(15)
	w.Config.Set(func(c *world.Configuration) { c.Pools = map[string]world.Pool{} })
	t.Log(w.Converge(60))
	w.StaysQuiet(3)
}

func TestSizes(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 1})
	w.Config.Set(example)
	w.Converge(15)
	w.Config.Set(func(c *world.Configuration) {
		c.Pools["small"] = world.Pool{Variant: 1, Zones: map[string]fleet.Sizes{"us-central1-a": {Minimum: 1, Maximum: 2}, "europe-west1-b": {Minimum: 3, Maximum: 10}}}
	})
	t.Log(w.Converge(60))
	w.StaysQuiet(3)
}
