package offer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/catalogtest"
	"github.com/gce-backend/gce-backend/shared/records"
)

func namesOf(items []records.Instance) []fleet.Instance {
	var values []fleet.Instance
	for _, item := range items {
		values = append(values, item.Value)
	}
	return values
}

// Only what the catalog certainly does not offer may be deleted.
func TestClear(t *testing.T) {
	asked := func(i fleet.Instance) fleet.Instance {
		i = pending(i)
		i.DeletionRequested, i.DeletionAttempts = noon.Add(-time.Minute), 1
		return i
	}
	again := func(ago time.Duration) func(fleet.Instance) fleet.Instance {
		return func(i fleet.Instance) fleet.Instance {
			i = pending(i)
			i.CatalogedAt, i.Reoffered = noon.Add(-ago), true
			return i
		}
	}
	for _, c := range []struct {
		name      string
		record    func(fleet.Instance) fleet.Instance
		inCatalog string
		lease     func(*bench)
		method    catalogtest.Method
		fault     catalogtest.Fault

		clear bool
		state fleet.InstanceState
		left  bool
		fails bool
	}{
		{name: "not there", clear: true, state: fleet.PendingDeletion},
		{name: "another machine of the hostname", inCatalog: "a:9", clear: true, state: fleet.PendingDeletion, left: true},
		{name: "an entry that is left is removed", inCatalog: key("a"), clear: true, state: fleet.PendingDeletion},
		{name: "not there, and an offer of it may be under way", record: again(time.Minute), state: fleet.PendingDeletion},
		{name: "an entry is removed, and an offer of it may be under way", record: again(time.Minute), inCatalog: key("a"), state: fleet.PendingDeletion},
		{name: "not there, and the offers are over", record: again(fleet.OfferWindow), clear: true, state: fleet.PendingDeletion},
		{name: "a lease that slipped in brings it back", inCatalog: key("a"), lease: func(b *bench) { b.catalog.Lease("a", noon.Add(time.Hour)) },
			state: fleet.Leased, left: true},
		{name: "one for ever", inCatalog: key("a"), lease: func(b *bench) { b.catalog.Lease("a", time.Time{}) }, state: fleet.Leased, left: true},
		{name: "a lease of what Compute Engine was asked to delete is not deleted again either", record: asked, inCatalog: key("a"),
			lease: func(b *bench) { b.catalog.Lease("a", noon.Add(time.Hour)) }, state: fleet.PendingDeletion, left: true},
		{name: "leased between look and removal", inCatalog: key("a"), lease: func(b *bench) {
			b.catalog.Hook(catalogtest.Hooks{After: func(method catalogtest.Method, _ []string) {
				if method == catalogtest.Get {
					b.catalog.Lease("a", noon.Add(time.Hour))
				}
			}})
		}, state: fleet.Leased, left: true},
		{name: "the look fails", inCatalog: key("a"), method: catalogtest.Get, fault: catalogtest.Fault{Before: down}, state: fleet.PendingDeletion, left: true, fails: true},
		{name: "the look fails for this one", method: catalogtest.Get, fault: catalogtest.Fault{Each: map[string]error{"a": down}}, state: fleet.PendingDeletion, fails: true},
		{name: "the removal fails", inCatalog: key("a"), method: catalogtest.Remove, fault: catalogtest.Fault{Before: down}, state: fleet.PendingDeletion, left: true, fails: true},
		{name: "the removal's answer is lost", inCatalog: key("a"), method: catalogtest.Remove, fault: catalogtest.Fault{After: down}, state: fleet.PendingDeletion, fails: true},
		{name: "the removal fails for this one", inCatalog: key("a"), method: catalogtest.Remove, fault: catalogtest.Fault{Each: map[string]error{"a": down}},
			state: fleet.PendingDeletion, left: true, fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.record == nil {
				c.record = pending
			}
			b.add("a", c.record)
			b.add("other", pending)
			if c.inCatalog != "" {
				b.inCatalog("a", c.inCatalog)
			}
			if c.method != "" {
				b.catalog.Hook(catalogtest.Hooks{Before: func(method catalogtest.Method, _ []string) catalogtest.Fault {
					if method == c.method {
						return c.fault
					}
					return catalogtest.Fault{}
				}})
			}
			if c.lease != nil {
				c.lease(b)
			}
			clear, err := b.Clear(t.Context(), b.items("a", "other"))
			if (err != nil) != c.fails || c.fails && !errors.Is(err, down) {
				t.Errorf("%v", err)
			}
			switch {
			case c.clear:
				b.expectNames("clear", namesOf(clear), "a", "other")
			case c.fault.Before != nil && c.method == catalogtest.Get:
				b.expectNames("clear", namesOf(clear)) // nothing is known of any
			default:
				b.expectNames("clear", namesOf(clear), "other")
			}
			if i := b.record("a"); i.State != c.state {
				t.Errorf("it is %s, want %s", i.State, c.state)
			}
			if left := len(b.catalog.Hostnames()) == 1; left != c.left {
				t.Errorf("in the catalog: %v", left)
			}
			if strings.Contains(b.logged.String(), "leased meanwhile: a") && b.catalog.Calls(catalogtest.Remove) != 0 {
				t.Error("a machine that is known to be leased was asked to be removed")
			}
			if seen := c.lease != nil && !strings.HasPrefix(c.name, "leased between"); seen != strings.Contains(b.logged.String(), "leased meanwhile: a") {
				t.Errorf("what is said of the lease: %q", b.logged.String())
			}
		})
	}
}

func TestClearOfNothing(t *testing.T) {
	b := newBench(t)
	if clear, err := b.Clear(t.Context(), nil); err != nil || clear != nil || b.catalog.Calls(catalogtest.Get) != 0 {
		t.Errorf("%v, %v", clear, err)
	}
}

// A VM that is gone has no use for a lease: it is ended, and not waited for.
func TestClearGone(t *testing.T) {
	for name, c := range map[string]struct {
		offered   time.Duration // ago
		inCatalog bool
		lease     time.Time
		fault     catalogtest.Fault
		clear     bool
		left      bool
	}{
		"not there":                            {offered: fleet.OfferWindow, clear: true},
		"not there, but an offer is under way": {offered: time.Minute},
		"an entry is removed":                  {offered: fleet.OfferWindow, inCatalog: true, clear: true},
		"a lease is ended":                     {offered: fleet.OfferWindow, inCatalog: true, lease: noon.Add(time.Hour), clear: true},
		"nothing is known":                     {offered: fleet.OfferWindow, inCatalog: true, fault: catalogtest.Fault{Before: down}, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.add("a", func(i fleet.Instance) fleet.Instance {
				i = pending(i)
				i.CatalogedAt, i.Reoffered = noon.Add(-c.offered), true
				i.DeletionRequested, i.DeletionAttempts = noon.Add(-time.Minute), 1
				return i
			})
			if c.inCatalog {
				b.inCatalog("a", key("a"))
			}
			if !c.lease.IsZero() {
				b.catalog.Lease("a", c.lease)
			}
			b.catalog.Hook(catalogtest.Hooks{Before: func(catalogtest.Method, []string) catalogtest.Fault { return c.fault }})
			clear, err := b.ClearGone(t.Context(), b.items("a"))
			if (err != nil) != (c.fault.Before != nil) {
				t.Error(err)
			}
			if got := len(clear) == 1; got != c.clear {
				t.Errorf("clear: %t", got)
			}
			if left := len(b.catalog.Hostnames()) == 1; left != c.left {
				t.Errorf("in the catalog: %t", left)
			}
		})
	}
}
