//go:build !race

package functions_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/world"
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
}

// The configuration changes and changes back within seconds, but long enough
// for the idle VMs to go. The groups and templates are still the same ones.
func TestThereAndBackAgain(t *testing.T) {
	for _, after := range []time.Duration{time.Second, 10 * time.Second, 50 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			w := newWorld(t, world.Options{Seed: 1, OperationTime: 100 * time.Millisecond, BootTime: time.Second, Latency: 10 * time.Millisecond})
			w.Config.Set(example)
			w.Converge(15)
			before := made(w)
			w.Config.Set(variant(2))
			w.RunFor(after)
			w.Config.Set(variant(1))
			t.Log(w.Converge(50))
			w.StaysQuiet(3)
			if now := made(w); now != before {
				t.Errorf("made are now\n%s\nand were\n%s", now, before)
			}
			calls := w.Cloud.Calls()
			if groups, templates := calls["instanceGroupManagers.delete"], calls["instanceTemplates.delete"]; groups > 3 || templates > 2 {
				t.Errorf("%d groups and %d templates were deleted; the other revision had 3 and 2", groups, templates)
			}
		})
	}
}

// made returns the groups, each with its Compute Engine id.
func made(w *world.World) string {
	var groups []string
	for _, group := range w.Cloud.State().Groups {
		groups = append(groups, fmt.Sprint(group.Zone, " ", group.Name, " ", group.ID))
	}
	slices.Sort(groups)
	return strings.Join(groups, "\n")
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
