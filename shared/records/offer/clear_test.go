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

// Only machines that the catalog certainly does not offer may be deleted.
func TestClear(t *testing.T) {
	asked := func(i fleet.Instance) fleet.Instance {
		i = pending(i)
		i.DeletionRequested, i.DeletionAttempts = noon.Add(-time.Minute), 1
		return i
	}
	justNow := unnumbered(func(i fleet.Instance) fleet.Instance {
		i = pending(i)
		i.CatalogedAt = noon.Add(-time.Minute)
		return i
	})
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
		{name: "without a number and not there: settled", record: justNow, clear: true, state: fleet.PendingDeletion},
		{name: "without a number, an entry is removed: perhaps of one of two offers", record: justNow, inCatalog: key("a"), state: fleet.PendingDeletion},
		{name: "a lease that slipped in brings it back", inCatalog: key("a"), lease: func(b *bench) { b.catalog.Lease("a", noon.Add(time.Hour)) },
			state: fleet.Leased, left: true},
		{name: "one for ever", inCatalog: key("a"), lease: func(b *bench) { b.catalog.Lease("a", time.Time{}) }, state: fleet.Leased, left: true},
		{name: "a lease of what Compute Engine was asked to delete is not deleted again either", record: asked, inCatalog: key("a"),
			lease: func(b *bench) { b.catalog.Lease("a", noon.Add(time.Hour)) }, state: fleet.PendingDeletion, left: true},
		{name: "what leases it cannot be asked", inCatalog: key("a"), lease: func(b *bench) { b.catalog.Lease("a", noon.Add(time.Hour)) },
			method: catalogtest.Get, fault: catalogtest.Fault{Before: down}, state: fleet.PendingDeletion, left: true, fails: true},
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
			case c.method == catalogtest.Remove && c.fault.Each == nil:
				b.expectNames("clear", namesOf(clear)) // nothing is known about any of them
			default:
				b.expectNames("clear", namesOf(clear), "other")
			}
			if i := b.record("a"); i.State != c.state {
				t.Errorf("it is %s, want %s", i.State, c.state)
			}
			if left := len(b.catalog.Hostnames()) == 1; left != c.left {
				t.Errorf("in the catalog: %v", left)
			}
			if seen := c.lease != nil && !c.fails && b.record("a").State == fleet.Leased; seen != strings.Contains(b.logged.String(), "leased meanwhile: a") {
				t.Errorf("what is said of the lease: %q", b.logged.String())
			}
		})
	}
}

func TestClearOfNothing(t *testing.T) {
	b := newBench(t)
	if clear, err := b.Clear(t.Context(), nil); err != nil || clear != nil || b.catalog.Calls(catalogtest.Remove) != 0 {
		t.Errorf("%v, %v", clear, err)
	}
}
