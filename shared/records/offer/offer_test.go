package offer

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/catalogtest"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
)

var down = failure.New(failure.Transient, "down")

func TestOffer(t *testing.T) {
	b := newBench(t)
	b.add("a", nil)
	b.add("b", unsure(time.Hour))
	offered, err := b.Offer(t.Context(), b.items("a", "b"), entryOf)
	if err != nil {
		t.Fatal(err)
	}
	b.expectNames("cataloged", offered, "a", "b")
	for name, number := range map[string]int64{"a": 1, "b": 2} {
		b.expect(name, fleet.Cataloged, true)
		if i := b.record(name); !i.CatalogedAt.Equal(noon) || i.OfferNumber != number {
			t.Errorf("%s: offered at %v as number %d", name, i.CatalogedAt, i.OfferNumber)
		}
		if entry, there := b.catalog.Entry(name); !there || !reflect.DeepEqual(entry, catalog.Entry{Hostname: name, Instance: key(name), Offer: number, Project: "p", Topic: "leases-changed"}) {
			t.Errorf("%s: entry %+v", name, entry)
		}
	}
}

// The record is cataloged before the machine can be leased: a job that deletes
// machines knows every machine that may be leased.
func TestTheClaimComesBeforeTheOffer(t *testing.T) {
	b := newBench(t)
	b.add("a", nil)
	b.catalog.Hook(catalogtest.Hooks{Before: func(method catalogtest.Method, _ []string) catalogtest.Fault {
		if method == catalogtest.Add {
			b.expect("a", fleet.Cataloged, true)
		}
		return catalogtest.Fault{}
	}})
	if _, err := b.Offer(t.Context(), b.items("a"), entryOf); err != nil || b.catalog.Calls(catalogtest.Add) != 1 {
		t.Error(err)
	}
}

func TestOnlyWhatIsStillFoundIsOffered(t *testing.T) {
	for name, other := range map[string]func(fleet.Instance) (fleet.Instance, bool){
		"another run took it out":  func(i fleet.Instance) (fleet.Instance, bool) { return i.Reclaim("drained") },
		"another run offered it":   func(i fleet.Instance) (fleet.Instance, bool) { return i.Offer(noon) },
		"its lease was seen first": func(i fleet.Instance) (fleet.Instance, bool) { return i.SeeLease(noon.Add(time.Hour), false) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.add("a", nil)
			items := b.items("a")
			b.change("a", other)
			offered, err := b.Offer(t.Context(), items, entryOf)
			if err != nil || b.catalog.Calls(catalogtest.Add) != 0 || len(offered) != 0 {
				t.Errorf("%+v, %v; %d calls", offered, err, b.catalog.Calls(catalogtest.Add))
			}
		})
	}
}

// A record that cannot be changed does not leave others claimed but never
// offered: they would be missing in the catalog, and deleted for that.
func TestOneBadRecordDoesNotStrandTheOthers(t *testing.T) {
	b := newBench(t)
	b.add("a", nil)
	b.add("b", nil)
	b.fault = func(call faulty.Call) faulty.Fault {
		if call.Method == faulty.Commit && len(call.Writes) > 1 {
			return faulty.Conflict // so that they are tried one by one
		}
		if call.Method == faulty.Commit && call.Writes[0].Key.ID() == key("b") {
			return faulty.Unavailable
		}
		return faulty.Fault{}
	}
	offered, err := b.Offer(t.Context(), b.items("a", "b"), entryOf)
	if err == nil {
		t.Error("no error about b")
	}
	b.expectNames("cataloged", offered, "a")
	if b.record("a").State == fleet.Cataloged != (len(b.catalog.Hostnames()) == 1) {
		t.Errorf("a is %s, the catalog has %v", b.record("a").State, b.catalog.Hostnames())
	}
	b.expect("b", fleet.Found, false)
}

// A machine that the catalog did not take is found again; unless the refusal is
// certain, the record keeps the time of the offer.
func TestWhatIsNotTakenIsFoundAgain(t *testing.T) {
	for _, c := range []struct {
		name      string
		fault     catalogtest.Fault
		inCatalog bool
	}{
		{"the call fails before it arrives", catalogtest.Fault{Before: down}, false},
		{"the answer is lost", catalogtest.Fault{After: down}, true},
		{"one is refused", catalogtest.Fault{Each: map[string]error{"a": down}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.add("a", nil)
			b.catalog.Hook(catalogtest.Hooks{Before: func(catalogtest.Method, []string) catalogtest.Fault { return c.fault }})
			offered, err := b.Offer(t.Context(), b.items("a"), entryOf)
			if !errors.Is(err, down) {
				t.Errorf("%v", err)
			}
			b.expectNames("cataloged", offered)
			b.expect("a", fleet.Found, true)
			if there := len(b.catalog.Hostnames()) == 1; there != c.inCatalog {
				t.Errorf("in the catalog: %v", there)
			}
			// The next sweep sees it there, or offers it again once its first offer
			// can come to nothing.
			b.catalog.Hook(catalogtest.Hooks{})
			offered, err = b.Offer(t.Context(), b.items("a"), entryOf)
			if err != nil {
				t.Error(err)
			}
			b.expectNames("cataloged by the next sweep", offered, "a")
			b.expect("a", fleet.Cataloged, true)
			if n := b.catalog.Calls(catalogtest.Add); (n == 1) != c.inCatalog {
				t.Errorf("it was offered %d times", n)
			}
			late, err := b.catalog.Add(t.Context(), catalog.Entry{Hostname: "a", Instance: key("a"), Offer: 1})
			if err != nil || late[0] == nil {
				t.Errorf("the first offer came late and was answered %v, %v", late, err)
			}
		})
	}
}

func TestALeaseThatComesBeforeTheAnswerStands(t *testing.T) {
	b := newBench(t)
	b.add("a", nil)
	b.catalog.Hook(catalogtest.Hooks{
		Before: func(method catalogtest.Method, _ []string) catalogtest.Fault {
			if method == catalogtest.Add {
				return catalogtest.Fault{After: down}
			}
			return catalogtest.Fault{}
		},
		After: func(method catalogtest.Method, _ []string) {
			if method == catalogtest.Add { // leased at once, and its message is quicker than the answer
				b.change("a", func(i fleet.Instance) (fleet.Instance, bool) { return i.SeeLease(noon.Add(time.Hour), false) })
			}
		},
	})
	if _, err := b.Offer(t.Context(), b.items("a"), entryOf); !errors.Is(err, down) {
		t.Error(err)
	}
	b.expect("a", fleet.Leased, true)
}

// HOSTNAME_REUSE proves nothing: the next sweep asks whose entry it is.
func TestReusedHostnames(t *testing.T) {
	for _, c := range []struct {
		name   string
		holder string
		look   catalogtest.Fault
		leaves bool // before the next sweep
		state  fleet.InstanceState
		number int64
		fails  bool
	}{
		{name: "this very instance", holder: key("a"), state: fleet.Cataloged, number: 1},
		{name: "another machine of the name", holder: "a:9", state: fleet.Found, number: 2},
		{name: "another one that leaves", holder: "a:9", leaves: true, state: fleet.Cataloged, number: 2},
		{name: "who it is cannot be asked", holder: key("a"), look: catalogtest.Fault{Before: down}, state: fleet.Found, number: 1, fails: true},
		{name: "who it is is not known", holder: key("a"), look: catalogtest.Fault{Each: map[string]error{"a": down}}, state: fleet.Found, number: 1, fails: true},
		{name: "this very instance, which leaves", holder: key("a"), leaves: true, state: fleet.Cataloged, number: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.add("a", nil)
			b.add("b", nil)
			b.inCatalog("a", c.holder)
			offered, err := b.Offer(t.Context(), b.items("a", "b"), entryOf)
			if err != nil {
				t.Error(err)
			}
			b.expectNames("cataloged", offered, "b")
			b.expect("a", fleet.Found, true)
			b.expect("b", fleet.Cataloged, true)
			if c.leaves {
				b.catalog.Reclaim("a")
			}
			b.catalog.Hook(catalogtest.Hooks{Before: func(method catalogtest.Method, _ []string) catalogtest.Fault {
				if method == catalogtest.Get {
					return c.look
				}
				return catalogtest.Fault{}
			}})
			if _, err = b.Offer(t.Context(), b.items("a"), entryOf); (err != nil) != c.fails {
				t.Error(err)
			}
			b.expect("a", c.state, true)
			if n := b.record("a").OfferNumber; n != c.number {
				t.Errorf("it was offered as number %d, want %d", n, c.number)
			}
		})
	}
}

// An offer that is settled while it is under way is certainly refused.
func TestAnOfferThatIsSettledUnderWay(t *testing.T) {
	b := newBench(t)
	b.add("a", nil)
	b.catalog.Hook(catalogtest.Hooks{Before: func(method catalogtest.Method, _ []string) catalogtest.Fault {
		if method == catalogtest.Add {
			if absent, _, err := b.Settle(t.Context(), b.items("a")); err != nil || len(absent) != 1 {
				t.Errorf("%v, %v", absent, err)
			}
		}
		return catalogtest.Fault{}
	}})
	if offered, err := b.Offer(t.Context(), b.items("a"), entryOf); err != nil || len(offered) > 0 {
		t.Errorf("%v, %v", offered, err)
	}
	b.expect("a", fleet.Found, false)
}

// If two runs settled the same offer, one of them offers the machine again.
func TestTwoRunsOfferAgain(t *testing.T) {
	b := newBench(t)
	b.add("a", unsure(time.Minute))
	items := b.items("a")
	once := false
	b.catalog.Hook(catalogtest.Hooks{After: func(method catalogtest.Method, _ []string) {
		if method == catalogtest.Get && !once { // the other run is quicker, and its answer is lost
			once = true
			b.change("a", func(i fleet.Instance) (fleet.Instance, bool) { return i.Offer(noon) })
			b.change("a", func(i fleet.Instance) (fleet.Instance, bool) { return i.Decline(false) })
		}
	}})
	if offered, err := b.Offer(t.Context(), items, entryOf); err != nil || len(offered) > 0 || b.catalog.Calls(catalogtest.Add) > 0 {
		t.Errorf("%v, %v: an offer was made while another one may be alive", offered, err)
	}
}

// Only if the Machine Provider cannot settle an offer does it count as over
// after a time.
func TestWithoutFencesTimeDecides(t *testing.T) {
	for ago, state := range map[time.Duration]fleet.InstanceState{fleet.OfferWindow - time.Second: fleet.Found, fleet.OfferWindow: fleet.Cataloged} {
		b := newBench(t)
		b.catalog.WithoutChanges()
		b.add("a", unsure(ago))
		if _, err := b.Offer(t.Context(), b.items("a"), entryOf); err != nil {
			t.Error(err)
		}
		b.expect("a", state, true)
	}
}

func TestOfferOfNothing(t *testing.T) {
	b := newBench(t)
	if offered, err := b.Offer(t.Context(), nil, entryOf); err != nil || len(offered) != 0 || b.catalog.Calls(catalogtest.Add) != 0 {
		t.Errorf("%+v, %v", offered, err)
	}
}

func TestAnErrorNamesTheMachine(t *testing.T) {
	b := newBench(t)
	b.add("a", nil)
	b.catalog.Hook(catalogtest.Hooks{Before: func(catalogtest.Method, []string) catalogtest.Fault {
		return catalogtest.Fault{Each: map[string]error{"a": down}}
	}})
	_, err := b.Offer(t.Context(), b.items("a"), entryOf)
	if err == nil || !strings.Contains(err.Error(), "add a to the catalog") {
		t.Errorf("%v", err)
	}
}
