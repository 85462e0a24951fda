package fleet

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table of docs/lifecycle.md anew")

var (
	noon   = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	before = noon.Add(-time.Hour)
	until  = noon.Add(2 * time.Hour)
	past   = noon.Add(-time.Minute)
)

// situations are the states, each with the fields that make a difference. No
// other combination may ever be stored.
var situations = []struct {
	name string
	make func(Instance) Instance
}{
	{"found", func(i Instance) Instance { return i }},
	{"found, offer unsure", func(i Instance) Instance { i.CatalogedAt = before; return i }},
	{"cataloged", func(i Instance) Instance { i.State, i.CatalogedAt = Cataloged, before; return i }},
	{"cataloged, missing", func(i Instance) Instance {
		i.State, i.CatalogedAt, i.MissingSince = Cataloged, before, before
		return i
	}},
	{"leased", func(i Instance) Instance { i.State, i.CatalogedAt, i.LeaseExpiration = Leased, before, past; return i }},
	{"leased, missing", func(i Instance) Instance {
		i.State, i.CatalogedAt, i.LeaseExpiration, i.MissingSince = Leased, before, past, before
		return i
	}},
	{"leased for ever", func(i Instance) Instance {
		i.State, i.CatalogedAt, i.LeasedIndefinitely = Leased, before, true
		return i
	}},
	{"leased for ever, missing", func(i Instance) Instance {
		i.State, i.CatalogedAt, i.LeasedIndefinitely, i.MissingSince = Leased, before, true, before
		return i
	}},
	{"pendingDeletion", func(i Instance) Instance {
		i.State, i.CatalogedAt, i.Reason = PendingDeletion, before, "why"
		return i
	}},
	{"pendingDeletion, asked", func(i Instance) Instance {
		i.State, i.CatalogedAt, i.Reason = PendingDeletion, before, "why"
		i.DeletionRequested, i.DeletionAttempts = before, 1
		return i
	}},
	{"deleted", func(i Instance) Instance {
		i.State, i.CatalogedAt, i.Reason = Deleted, before, "why"
		i.DeletionRequested, i.DeletionAttempts, i.DeletedAt = before, 1, before
		return i
	}},
}

var events = []struct {
	name  string
	apply func(Instance) (Instance, bool)
}{
	{"offered", func(i Instance) (Instance, bool) { return i.Offer(noon) }},
	{"declined", func(i Instance) (Instance, bool) { return i.Decline(true) }},
	{"answer lost", func(i Instance) (Instance, bool) { return i.Decline(false) }},
	{"seen leased", func(i Instance) (Instance, bool) { return i.SeeLease(until, false) }},
	{"seen leased for ever", func(i Instance) (Instance, bool) { return i.SeeLease(time.Time{}, true) }},
	{"seen free", func(i Instance) (Instance, bool) { return i.SeeFree(noon) }},
	{"seen missing", func(i Instance) (Instance, bool) { return i.SeeMissing(noon) }},
	{"reclaimed", func(i Instance) (Instance, bool) { return i.Reclaim("why") }},
	{"deletion asked", func(i Instance) (Instance, bool) { return i.AskDeletion(noon) }},
	{"VM gone", func(i Instance) (Instance, bool) { return i.SeeGone(noon) }},
}

// none marks an event that does not apply: it changes nothing.
const none = "–"

// lifecycle holds the result of each event in each situation, in the order of
// events.
var lifecycle = map[string][]string{
	//                           offered      declined  answer lost            leased    leased for ever    free         missing                     reclaimed          deletion asked            VM gone
	"found":                    {"cataloged", none, none, "leased", "leased for ever", "cataloged", none, "pendingDeletion", none, none},
	"found, offer unsure":      {"cataloged", none, none, "leased", "leased for ever", "cataloged", none, "pendingDeletion", none, none},
	"cataloged":                {none, "found", "found, offer unsure", "leased", "leased for ever", "cataloged", "cataloged, missing", "pendingDeletion", none, none},
	"cataloged, missing":       {none, "found", "found, offer unsure", "leased", "leased for ever", "cataloged", none, "pendingDeletion", none, none},
	"leased":                   {none, none, none, "leased", "leased for ever", "cataloged", "leased, missing", "pendingDeletion", none, none},
	"leased, missing":          {none, none, none, "leased", "leased for ever", "cataloged", none, "pendingDeletion", none, none},
	"leased for ever":          {none, none, none, "leased", "leased for ever", "cataloged", "leased for ever, missing", "pendingDeletion", none, none},
	"leased for ever, missing": {none, none, none, "leased", "leased for ever", "cataloged", none, "pendingDeletion", none, none},
	"pendingDeletion":          {none, none, none, "leased", "leased for ever", none, none, none, "pendingDeletion, asked", "deleted"},
	"pendingDeletion, asked":   {none, none, none, none, none, none, none, none, "pendingDeletion, asked", "deleted"},
	"deleted":                  {none, none, none, none, none, none, none, none, none, none},
}

func fresh() Instance {
	m := Manager{BaseName: "linux", Revision: "0123456789ab", Zone: "us-east1-b", Project: "p"}
	return NewInstance(m, "linux-01234567-us-east1-b-x1y2", "42", "https://compute/vm", before.Add(-time.Hour))
}

// situationOf names an instance's situation; it returns an error for a
// combination of fields that must not exist.
func situationOf(i Instance) (string, error) {
	var wrong []string
	must := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, what)
		}
	}
	offered := !i.CatalogedAt.IsZero()
	leased, deleting := i.State == Leased, i.State == PendingDeletion || i.State == Deleted
	must(leased || i.LeaseExpiration.IsZero() && !i.LeasedIndefinitely, "a lease though not leased")
	must(!leased || i.LeasedIndefinitely == i.LeaseExpiration.IsZero(), "not one kind of lease")
	must(i.State == Cataloged || leased || i.MissingSince.IsZero(), "missing though not in the catalog")
	must(i.State != Cataloged || offered, "cataloged though never offered")
	must(deleting || i.DeletionRequested.IsZero(), "deletion requested though not pending deletion")
	must(i.DeletionRequested.IsZero() == (i.DeletionAttempts == 0), "attempts without request or the reverse")
	must(deleting == (i.Reason != ""), "a reason only of what is deleted")
	must((i.State == Deleted) == !i.DeletedAt.IsZero(), "deletedAt only of what is deleted")
	if wrong != nil {
		return "", fmt.Errorf("%s: %s", i.State, strings.Join(wrong, "; "))
	}
	name := string(i.State)
	switch {
	case i.State == Found && offered:
		name += ", offer unsure"
	case leased && i.LeasedIndefinitely:
		name += " for ever"
	case i.State == PendingDeletion && !i.DeletionRequested.IsZero():
		name += ", asked"
	}
	if !i.MissingSince.IsZero() {
		name += ", missing"
	}
	return name, nil
}

func TestLifecycleStateByEvent(t *testing.T) {
	if len(lifecycle) != len(situations) {
		t.Fatalf("the table has %d rows for %d situations", len(lifecycle), len(situations))
	}
	for _, situation := range situations {
		row := lifecycle[situation.name]
		if len(row) != len(events) {
			t.Fatalf("%s: the table has %d cells for %d events", situation.name, len(row), len(events))
		}
		for e, event := range events {
			t.Run(situation.name+"/"+event.name, func(t *testing.T) {
				start := situation.make(fresh())
				if name, err := situationOf(start); err != nil || name != situation.name {
					t.Fatalf("the situation itself is %q, %v", name, err)
				}
				next, ok := event.apply(start)
				if row[e] == none {
					if ok || !reflect.DeepEqual(next, start) {
						t.Fatalf("applies (%v) and gives %+v; it must change nothing", ok, next)
					}
					return
				}
				name, err := situationOf(next)
				if !ok || err != nil || name != row[e] {
					t.Fatalf("got %q, %v, %v; want %q", name, ok, err, row[e])
				}
				if next.Key() != start.Key() || next.FoundAt != start.FoundAt || next.Manager != start.Manager {
					t.Errorf("the instance became another one: %+v", next)
				}
			})
		}
	}
}

// No order of events ever stores an illegal combination.
func TestLifecycleRandomWalk(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		i, path := fresh(), []string{}
		for range 30 {
			event := events[random.IntN(len(events))]
			next, ok := event.apply(i)
			path = append(path, event.name)
			name, err := situationOf(next)
			if err != nil {
				t.Fatalf("after %v: %v", path, err)
			}
			if ok && lifecycle[name] == nil {
				t.Fatalf("after %v: the table has no row %q", path, name)
			}
			if i.State == Leased && ok && next.State == Deleted {
				t.Fatalf("after %v: from leased to deleted at once", path)
			}
			i = next
		}
	}
}

func TestLifecycleDetails(t *testing.T) {
	in := func(name string) Instance {
		for _, situation := range situations {
			if situation.name == name {
				return situation.make(fresh())
			}
		}
		t.Fatalf("no situation %q", name)
		return Instance{}
	}
	must := func(i Instance, ok bool) Instance {
		t.Helper()
		if !ok {
			t.Fatal("the event does not apply")
		}
		return i
	}
	t.Run("a lease's time is kept up to date", func(t *testing.T) {
		if i := must(in("leased").SeeLease(until, false)); !i.LeaseExpiration.Equal(until) {
			t.Errorf("until %v, want %v", i.LeaseExpiration, until)
		}
		odd := time.Date(2026, 3, 14, 15, 0, 0, 123456789, time.FixedZone("", 3600))
		if i := must(in("leased").SeeLease(odd, false)); i.LeaseExpiration != odd.UTC().Truncate(time.Microsecond) {
			t.Errorf("%v is not as the store keeps it", i.LeaseExpiration)
		}
	})
	t.Run("deletion is first requested once", func(t *testing.T) {
		i := must(in("pendingDeletion, asked").AskDeletion(noon))
		if !i.DeletionRequested.Equal(before) || i.DeletionAttempts != 2 {
			t.Errorf("requested %v, %d attempts", i.DeletionRequested, i.DeletionAttempts)
		}
	})
	t.Run("missing since the first look", func(t *testing.T) {
		i := must(in("cataloged").SeeMissing(noon))
		if again, ok := i.SeeMissing(noon.Add(time.Hour)); ok || !again.MissingSince.Equal(noon) {
			t.Errorf("missing since %v", again.MissingSince)
		}
	})
	t.Run("an offer renews the time of the offer", func(t *testing.T) {
		if i := must(in("found, offer unsure").Offer(noon)); !i.CatalogedAt.Equal(noon) {
			t.Errorf("cataloged at %v", i.CatalogedAt)
		}
	})
	t.Run("each offer has a higher number", func(t *testing.T) {
		i := must(in("found").Offer(noon))
		if i.OfferNumber != 1 {
			t.Errorf("the first offer has number %d", i.OfferNumber)
		}
		for _, certain := range []bool{true, false} {
			if again := must(must(i.Decline(certain)).Offer(noon)); again.OfferNumber != 2 {
				t.Errorf("the second offer has number %d", again.OfferNumber)
			}
		}
	})
	t.Run("an offer after those without a number is not the first", func(t *testing.T) {
		i := in("found, offer unsure")
		i.OfferNumber = 0
		if i = must(i.Offer(noon)); i.OfferNumber != 2 {
			t.Errorf("it has number %d", i.OfferNumber)
		}
	})
	t.Run("pending deletion is out for good, except of offers without a number", func(t *testing.T) {
		never, numbered := must(in("found").Reclaim("")), must(must(in("found").Offer(noon)).Reclaim(""))
		old := numbered
		old.OfferNumber = 0
		if !never.OutForGood() || !numbered.OutForGood() || old.OutForGood() || in("cataloged").OutForGood() {
			t.Errorf("%t, %t, %t", never.OutForGood(), numbered.OutForGood(), old.OutForGood())
		}
	})
	t.Run("cut off for as long as an offer may be under way", func(t *testing.T) {
		for ago, want := range map[time.Duration]bool{0: false, offerTime - 1: false, offerTime: true, OfferWindow - 1: true, OfferWindow: false} {
			i := must(in("found").Offer(noon.Add(-ago)))
			if i.CutOff(noon) != want || must(i.SeeLease(until, false)).CutOff(noon) || must(i.Decline(false)).CutOff(noon) {
				t.Errorf("%s after the offer: %t", ago, i.CutOff(noon))
			}
		}
	})
	t.Run("an offer that was seen in the catalog may be there", func(t *testing.T) {
		if i := must(in("found").SeeFree(noon)); !i.MaybeOffered() {
			t.Error("not maybe offered")
		}
	})
	t.Run("what is leased may always be in the catalog", func(t *testing.T) {
		for _, name := range []string{"found", "cataloged", "pendingDeletion"} {
			start := in(name)
			start.CatalogedAt = map[bool]time.Time{true: before}[start.State == Cataloged]
			if i := must(start.SeeLease(until, false)); !i.MaybeOffered() {
				t.Errorf("from %s: not maybe offered, so that it would be deleted unasked", name)
			}
		}
	})
	t.Run("live and lease over", func(t *testing.T) {
		for _, situation := range situations {
			i := situation.make(fresh())
			live := i.State != PendingDeletion && i.State != Deleted
			if i.Live() != live {
				t.Errorf("%s: Live %v", situation.name, i.Live())
			}
			over := strings.HasPrefix(situation.name, "leased") && !strings.Contains(situation.name, "ever")
			if i.LeaseOver(noon) != over {
				t.Errorf("%s: LeaseOver %v", situation.name, i.LeaseOver(noon))
			}
		}
		i := in("leased")
		i.LeaseExpiration = noon
		if !i.LeaseOver(noon) || i.LeaseOver(noon.Add(-time.Microsecond)) {
			t.Error("a lease is over at its expiration, and not before")
		}
	})
}

// docs/lifecycle.md shows the table of this test.
func TestLifecycleIsDocumented(t *testing.T) {
	const path, begin, end = "../../docs/lifecycle.md", "<!-- table: begin -->\n", "<!-- table: end -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(data), begin)
	table, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+begin+render()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != render() {
		t.Errorf("the table in %s is not the one tested; run: go test ./shared/fleet -run Documented -update\n%s", path, render())
	}
	for _, event := range events {
		if !strings.Contains(head, "**"+event.name+"**") {
			t.Errorf("%s does not say what %q is", path, event.name)
		}
	}
}

func render() string {
	var b strings.Builder
	b.WriteString("| in \\ on |")
	for _, event := range events {
		b.WriteString(" " + event.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(events)) + "\n")
	for _, situation := range situations {
		b.WriteString("| **" + situation.name + "** | " + strings.Join(lifecycle[situation.name], " | ") + " |\n")
	}
	return b.String()
}
