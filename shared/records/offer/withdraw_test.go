package offer

import (
	"errors"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/catalogtest"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
)

func TestWithdraw(t *testing.T) {
	const window = fleet.OfferWindow
	for _, c := range []struct {
		name      string
		record    func(fleet.Instance) fleet.Instance
		inCatalog string // the key of the entry; empty: none
		lease     bool
		gone      bool
		fault     catalogtest.Fault
		fenceless bool // the Machine Provider cannot settle an offer

		state  fleet.InstanceState
		asked  int  // calls of Remove
		left   bool // still in the catalog
		fails  bool
		leased bool // reported as leased
	}{
		{name: "never offered: no asking", state: fleet.PendingDeletion},
		{name: "offered: removed", record: cataloged(time.Hour), inCatalog: key("a"), state: fleet.PendingDeletion, asked: 1},
		{name: "just offered and there: removed", record: cataloged(0), inCatalog: key("a"), state: fleet.PendingDeletion, asked: 1},
		{name: "not there: settled", record: cataloged(time.Second), state: fleet.PendingDeletion, asked: 1},
		{name: "an offer of unknown outcome: settled", record: unsure(time.Second), state: fleet.PendingDeletion, asked: 1},
		{name: "without fences, long ago and not there: certain", record: cataloged(window), fenceless: true, state: fleet.PendingDeletion, asked: 1},
		{name: "without fences, just offered and not there", record: cataloged(window - time.Second), fenceless: true, state: fleet.Cataloged, asked: 1},
		{name: "without fences, an offer of unknown outcome", record: unsure(time.Minute), fenceless: true, state: fleet.Found, asked: 1},
		{name: "without fences, long ago", record: unsure(window), fenceless: true, state: fleet.PendingDeletion, asked: 1},
		{name: "an offer of unknown outcome that arrived", record: unsure(time.Minute), inCatalog: key("a"), state: fleet.PendingDeletion, asked: 1},
		{name: "without a number and removed: perhaps one of two offers", record: unnumbered(cataloged(time.Minute)), inCatalog: key("a"), state: fleet.Cataloged, asked: 1},
		{name: "without a number, removed and gone", record: unnumbered(cataloged(time.Minute)), inCatalog: key("a"), gone: true, state: fleet.Cataloged, asked: 1},
		{name: "without a number, long ago: removed", record: unnumbered(cataloged(window)), inCatalog: key("a"), state: fleet.PendingDeletion, asked: 1},
		{name: "without a number and not there: settled", record: unnumbered(unsure(time.Second)), state: fleet.PendingDeletion, asked: 1},
		{name: "another machine of the hostname is left alone", record: cataloged(time.Hour), inCatalog: "a:9", state: fleet.PendingDeletion, asked: 1, left: true},
		{name: "leased: left alone", record: cataloged(time.Hour), inCatalog: key("a"), lease: true, state: fleet.Leased, asked: 1, left: true, leased: true},
		{name: "leased and known to be", record: leased, inCatalog: key("a"), lease: true, state: fleet.Leased, asked: 1, left: true, leased: true},
		{name: "an offer of unknown outcome that was leased", record: unsure(time.Hour), inCatalog: key("a"), lease: true, state: fleet.Leased, asked: 1, left: true, leased: true},
		{name: "leased and gone: the lease is ended", record: leased, inCatalog: key("a"), lease: true, gone: true, state: fleet.PendingDeletion, asked: 1},
		{name: "the call fails", record: cataloged(time.Hour), inCatalog: key("a"), fault: catalogtest.Fault{Before: down}, state: fleet.Cataloged, asked: 1, left: true, fails: true},
		{name: "the call fails, with nothing there", record: cataloged(time.Hour), fault: catalogtest.Fault{Before: down}, state: fleet.Cataloged, asked: 1, fails: true},
		{name: "the answer is lost", record: cataloged(time.Hour), inCatalog: key("a"), fault: catalogtest.Fault{After: down}, state: fleet.Cataloged, asked: 1, fails: true},
		{name: "an error for this one", record: cataloged(time.Hour), fault: catalogtest.Fault{Each: map[string]error{"a": down}}, state: fleet.Cataloged, asked: 1, fails: true},
		{name: "pending deletion already", record: pending, state: fleet.PendingDeletion},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.add("a", c.record)
			b.add("other", nil) // a machine beside it is not held up
			if c.inCatalog != "" {
				b.inCatalog("a", c.inCatalog)
			}
			if c.lease {
				b.catalog.Lease("a", noon.Add(2*time.Hour))
			}
			b.catalog.Hook(catalogtest.Hooks{Before: func(method catalogtest.Method, _ []string) catalogtest.Fault {
				if method == catalogtest.Remove {
					return c.fault
				}
				return catalogtest.Fault{}
			}})
			if c.fenceless {
				b.catalog.WithoutChanges()
			}
			start := b.record("a")
			outcome, err := b.Withdraw(t.Context(), b.items("a", "other"), Withdrawal{Reason: "drained", Gone: c.gone})
			if (err != nil) != c.fails || c.fails && !errors.Is(err, down) {
				t.Errorf("%v", err)
			}
			i := b.record("a")
			if i.State != c.state {
				t.Errorf("it is %s, want %s", i.State, c.state)
			}
			if n := b.catalog.Calls(catalogtest.Remove); n != c.asked {
				t.Errorf("%d calls of Remove, want %d", n, c.asked)
			}
			if left := len(b.catalog.Hostnames()) == 1; left != c.left {
				t.Errorf("in the catalog: %v", left)
			}
			if c.state == fleet.PendingDeletion && c.inCatalog == "" && c.asked > 0 && !c.fenceless {
				late, err := b.catalog.Add(t.Context(), catalog.Entry{Hostname: "a", Instance: key("a"), Offer: start.OfferNumber})
				if err != nil || !errors.Is(late[0], catalog.ErrSettled) {
					t.Errorf("an offer that comes late is answered %v, %v", late, err)
				}
			}
			b.expect("other", fleet.PendingDeletion, false)
			if c.state == fleet.PendingDeletion && start.State != fleet.PendingDeletion {
				b.expectNames("withdrawn", outcome.Withdrawn, "a", "other")
				if i.Reason != "drained" {
					t.Errorf("reason %q", i.Reason)
				}
			} else {
				b.expectNames("withdrawn", outcome.Withdrawn, "other")
			}
			if c.leased {
				b.expectNames("leased", outcome.Leased, "a")
				if !i.LeaseExpiration.Equal(noon.Add(2 * time.Hour)) {
					t.Errorf("leased until %v", i.LeaseExpiration)
				}
			} else {
				b.expectNames("leased", outcome.Leased)
			}
		})
	}
}

// A catalog-instances run interferes: it claims between the read of the record
// and the write.
func TestAnOfferBetweenLookAndWriteWins(t *testing.T) {
	for name, record := range map[string]func(fleet.Instance) fleet.Instance{"never offered": nil, "offered once, long ago": unsure(2 * fleet.OfferWindow)} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.add("a", record)
			items := b.items("a")
			offer := func() {
				b.change("a", func(i fleet.Instance) (fleet.Instance, bool) { return i.Offer(noon) })
			}
			once := false
			if record == nil {
				offer()
			} else {
				b.catalog.Hook(catalogtest.Hooks{After: func(method catalogtest.Method, _ []string) {
					if method == catalogtest.Remove && !once { // the answer "not found" is on its way
						once = true
						offer()
						if answers, err := b.catalog.Add(t.Context(), entryOf(b.record("a"))); err != nil || answers[0] != nil {
							t.Error(answers, err)
						}
					}
				}})
			}
			outcome, err := b.Withdraw(t.Context(), items, Withdrawal{Reason: "drained"})
			if err != nil {
				t.Error(err)
			}
			b.expectNames("withdrawn", outcome.Withdrawn)
			b.expect("a", fleet.Cataloged, true)
			// The next sweep takes it out for good.
			b.catalog.Hook(catalogtest.Hooks{})
			b.now = noon.Add(fleet.OfferWindow)
			if _, err := b.Withdraw(t.Context(), b.items("a"), Withdrawal{Reason: "drained"}); err != nil {
				t.Error(err)
			}
			b.expect("a", fleet.PendingDeletion, true)
			if names := b.catalog.Hostnames(); len(names) != 0 {
				t.Errorf("%v are left in the catalog", names)
			}
		})
	}
}

// A write that is retried counts its lease once.
func TestAConflictDoesNotDoubleTheOutcome(t *testing.T) {
	b := newBench(t)
	b.add("a", cataloged(time.Hour))
	b.inCatalog("a", key("a"))
	b.catalog.Lease("a", time.Time{})
	conflicts := 0
	b.fault = func(call faulty.Call) faulty.Fault {
		if call.Method == faulty.Commit && conflicts < 3 {
			conflicts++
			return faulty.Conflict
		}
		return faulty.Fault{}
	}
	outcome, err := b.Withdraw(t.Context(), b.items("a"), Withdrawal{Reason: "drained"})
	if err != nil || conflicts != 3 {
		t.Fatalf("%v, %d conflicts", err, conflicts)
	}
	b.expectNames("leased", outcome.Leased, "a")
	if i := b.record("a"); !i.LeasedIndefinitely || i.State != fleet.Leased {
		t.Errorf("%+v", i)
	}
}

// If a lease ends between the answer LEASED and the read of it, the next sweep
// looks again.
func TestALeaseThatEndsMeanwhile(t *testing.T) {
	b := newBench(t)
	b.add("a", cataloged(time.Hour))
	b.inCatalog("a", key("a"))
	b.catalog.Lease("a", noon.Add(time.Hour))
	b.catalog.Hook(catalogtest.Hooks{After: func(method catalogtest.Method, _ []string) {
		if method == catalogtest.Remove {
			b.catalog.Release("a")
		}
	}})
	outcome, err := b.Withdraw(t.Context(), b.items("a"), Withdrawal{Reason: "drained"})
	if err != nil {
		t.Error(err)
	}
	b.expectNames("leased", outcome.Leased)
	b.expectNames("withdrawn", outcome.Withdrawn)
	b.expect("a", fleet.Cataloged, true)
}

func TestTheCatalogHasNoNewsOfLeases(t *testing.T) {
	b := newBench(t)
	b.add("a", cataloged(time.Hour))
	b.inCatalog("a", key("a"))
	b.catalog.Lease("a", noon.Add(time.Hour))
	b.catalog.Hook(catalogtest.Hooks{Before: func(method catalogtest.Method, _ []string) catalogtest.Fault {
		if method == catalogtest.Get {
			return catalogtest.Fault{Before: down}
		}
		return catalogtest.Fault{}
	}})
	outcome, err := b.Withdraw(t.Context(), b.items("a"), Withdrawal{Reason: "drained"})
	if !errors.Is(err, down) {
		t.Error(err)
	}
	b.expectNames("withdrawn", outcome.Withdrawn)
	b.expect("a", fleet.Cataloged, true)
}
