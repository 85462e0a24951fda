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
	b.expectNames("cataloged", offered.Cataloged, "a", "b")
	b.expectNames("refused", offered.Refused)
	for _, name := range []string{"a", "b"} {
		b.expect(name, fleet.Cataloged, true)
		if i := b.record(name); !i.CatalogedAt.Equal(noon) {
			t.Errorf("%s: offered at %v", name, i.CatalogedAt)
		}
		if entry, there := b.catalog.Entry(name); !there || !reflect.DeepEqual(entry, catalog.Entry{Hostname: name, Instance: key(name), Project: "p", Topic: "leases-changed"}) {
			t.Errorf("%s: entry %+v", name, entry)
		}
	}
}

// The record says cataloged before the machine can be leased: whoever deletes
// machines knows of every one that may be.
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
			if err != nil || b.catalog.Calls(catalogtest.Add) != 0 || len(offered.Cataloged)+len(offered.Refused) != 0 {
				t.Errorf("%+v, %v; %d calls", offered, err, b.catalog.Calls(catalogtest.Add))
			}
		})
	}
}

// A record that cannot be changed does not leave others claimed and never
// offered: they would be missed in the catalog, and deleted for that.
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
	b.expectNames("cataloged", offered.Cataloged, "a")
	if b.record("a").State == fleet.Cataloged != (len(b.catalog.Hostnames()) == 1) {
		t.Errorf("a is %s, the catalog has %v", b.record("a").State, b.catalog.Hostnames())
	}
	b.expect("b", fleet.Found, false)
}

// What the catalog did not take is found again; unless that is certain, the
// record keeps the sign that it may be there.
func TestWhatIsNotTakenIsFoundAgain(t *testing.T) {
	for _, c := range []struct {
		name         string
		fault        catalogtest.Fault
		inCatalog    bool
		maybeOffered bool
	}{
		{"the call fails before it arrives", catalogtest.Fault{Before: down}, false, true},
		{"the answer is lost", catalogtest.Fault{After: down}, true, true},
		{"one is refused", catalogtest.Fault{Each: map[string]error{"a": down}}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.add("a", nil)
			b.catalog.Hook(catalogtest.Hooks{Before: func(catalogtest.Method, []string) catalogtest.Fault { return c.fault }})
			offered, err := b.Offer(t.Context(), b.items("a"), entryOf)
			if !errors.Is(err, down) {
				t.Errorf("%v", err)
			}
			b.expectNames("cataloged", offered.Cataloged)
			b.expectNames("refused", offered.Refused, "a")
			b.expect("a", fleet.Found, c.maybeOffered)
			if there := len(b.catalog.Hostnames()) == 1; there != c.inCatalog {
				t.Errorf("in the catalog: %v", there)
			}
			// The next sweep offers it again; it is there already, or is now.
			b.catalog.Hook(catalogtest.Hooks{})
			offered, err = b.Offer(t.Context(), b.items("a"), entryOf)
			if err != nil {
				t.Error(err)
			}
			b.expectNames("cataloged by the next sweep", offered.Cataloged, "a")
			b.expect("a", fleet.Cataloged, true)
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

// HOSTNAME_REUSE counts as done only if the entry is this very instance.
func TestReusedHostnames(t *testing.T) {
	nobody := func(*bench) {}
	for _, c := range []struct {
		name         string
		holder       string
		look         catalogtest.Fault
		state        fleet.InstanceState
		maybeOffered bool
		fails        bool
		between      func(*bench)
	}{
		{"this very instance", key("a"), catalogtest.Fault{}, fleet.Cataloged, true, false, nobody},
		{"another machine of the name", "a:9", catalogtest.Fault{}, fleet.Found, false, false, nobody},
		{"who it is cannot be asked", key("a"), catalogtest.Fault{Before: down}, fleet.Found, true, true, nobody},
		{"who it is is not known", key("a"), catalogtest.Fault{Each: map[string]error{"a": down}}, fleet.Found, true, true, nobody},
		{"an entry that names no instance", "", catalogtest.Fault{}, fleet.Found, true, false, nobody},
		{"gone when it is looked at", key("a"), catalogtest.Fault{}, fleet.Found, true, false, func(b *bench) { b.catalog.Reclaim("a") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.add("a", nil)
			b.add("b", nil)
			b.inCatalog("a", c.holder)
			b.catalog.Hook(catalogtest.Hooks{Before: func(method catalogtest.Method, _ []string) catalogtest.Fault {
				if method == catalogtest.Get {
					c.between(b)
					return c.look
				}
				return catalogtest.Fault{}
			}})
			offered, err := b.Offer(t.Context(), b.items("a", "b"), entryOf)
			if (err != nil) != c.fails {
				t.Errorf("%v", err)
			}
			b.expect("a", c.state, c.maybeOffered)
			b.expect("b", fleet.Cataloged, true)
			if c.state == fleet.Cataloged {
				b.expectNames("cataloged", offered.Cataloged, "a", "b")
			} else {
				b.expectNames("cataloged", offered.Cataloged, "b")
				b.expectNames("refused", offered.Refused, "a")
			}
		})
	}
}

func TestOfferOfNothing(t *testing.T) {
	b := newBench(t)
	if offered, err := b.Offer(t.Context(), nil, entryOf); err != nil || len(offered.Cataloged) != 0 || b.catalog.Calls(catalogtest.Add) != 0 {
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
