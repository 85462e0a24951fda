package offer

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/catalogtest"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/records"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// bench is a protocol with a store and a catalog of its own.
type bench struct {
	*testing.T
	Protocol
	catalog *catalogtest.Catalog
	now     time.Time
	// inside is the store without faults.
	inside store.Store
	fault  func(faulty.Call) faulty.Fault
	logged strings.Builder
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, catalog: catalogtest.New(), now: noon}
	b.inside = memory.New(func() time.Time { return b.now })
	outside := faulty.New(b.inside, faulty.Hooks{
		Fault: func(_ context.Context, call faulty.Call) faulty.Fault {
			if b.fault == nil {
				return faulty.Fault{}
			}
			return b.fault(call)
		},
		Pause: func(context.Context, int) error { return nil },
	})
	log := slog.New(slog.NewTextHandler(&b.logged, nil))
	b.Protocol = Protocol{Records: records.Records{Store: outside, Log: log}, Catalog: b.catalog, Now: func() time.Time { return b.now }, Log: log}
	return b
}

// add makes the record of a VM; change sets its state.
func (b *bench) add(hostname string, change func(fleet.Instance) fleet.Instance) {
	b.Helper()
	manager := fleet.Manager{BaseName: "linux", Revision: "0123456789ab", Zone: "us-east1-b", Project: "p"}
	i := fleet.NewInstance(manager, hostname, "1", "url of "+hostname, noon.Add(-time.Hour))
	if change != nil {
		i = change(i)
	}
	b.put(i)
}

func (b *bench) put(i fleet.Instance) {
	b.Helper()
	fields, err := store.Encode(i)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.inside.Commit(b.Context(), store.Put(store.MustKey("instances", i.Key()), fields)); err != nil {
		b.Fatal(err)
	}
}

// items reads the records of VMs, as a job does.
func (b *bench) items(hostnames ...string) []records.Instance {
	b.Helper()
	keys := make([]string, len(hostnames))
	for i, hostname := range hostnames {
		keys[i] = fleet.InstanceKey(hostname, "1")
	}
	items, err := records.Records{Store: b.inside, Log: b.Log}.Instances(b.Context(), keys...)
	if err != nil || len(items) != len(hostnames) {
		b.Fatalf("%d of %v: %v", len(items), hostnames, err)
	}
	return items
}

func (b *bench) record(hostname string) fleet.Instance {
	b.Helper()
	return b.items(hostname)[0].Value
}

// change applies a transition to a record, as another run would.
func (b *bench) change(hostname string, transition func(fleet.Instance) (fleet.Instance, bool)) {
	b.Helper()
	next, ok := transition(b.record(hostname))
	if !ok {
		b.Errorf("the other run's change of %s does not apply", hostname)
	}
	b.put(next)
}

// inCatalog puts a machine into the catalog.
func (b *bench) inCatalog(hostname, instance string) {
	b.Helper()
	answers, err := b.catalog.Add(b.Context(), catalog.Entry{Hostname: hostname, Instance: instance})
	if err != nil || answers[0] != nil {
		b.Fatal(answers, err)
	}
}

func (b *bench) expect(hostname string, state fleet.InstanceState, maybeOffered bool) {
	b.Helper()
	if i := b.record(hostname); i.State != state || i.MaybeOffered() != maybeOffered {
		b.Errorf("%s is %s, maybe offered %v; want %s, %v", hostname, i.State, i.MaybeOffered(), state, maybeOffered)
	}
}

func (b *bench) expectNames(what string, got []fleet.Instance, want ...string) {
	b.Helper()
	var names []string
	for _, i := range got {
		names = append(names, i.Hostname)
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		b.Errorf("%s: %v, want %v", what, names, want)
	}
}

func entryOf(i fleet.Instance) catalog.Entry {
	return catalog.Entry{Hostname: i.Hostname, Instance: i.Key(), Offer: i.OfferNumber, Project: "p", Topic: "leases-changed"}
}

// States of records.
func cataloged(ago time.Duration) func(fleet.Instance) fleet.Instance {
	return func(i fleet.Instance) fleet.Instance {
		i.State, i.CatalogedAt, i.OfferNumber = fleet.Cataloged, noon.Add(-ago), 1
		return i
	}
}

func unsure(ago time.Duration) func(fleet.Instance) fleet.Instance {
	return func(i fleet.Instance) fleet.Instance {
		i.CatalogedAt, i.OfferNumber = noon.Add(-ago), 1
		return i
	}
}

// unnumbered returns the state as the previous version wrote it, without offer
// numbers and perhaps after two offers.
func unnumbered(state func(fleet.Instance) fleet.Instance) func(fleet.Instance) fleet.Instance {
	return func(i fleet.Instance) fleet.Instance {
		i = state(i)
		i.OfferNumber = 0
		return i
	}
}

func pending(i fleet.Instance) fleet.Instance {
	i.State, i.CatalogedAt, i.OfferNumber, i.Reason = fleet.PendingDeletion, noon.Add(-time.Hour), 1, "why"
	return i
}

func leased(i fleet.Instance) fleet.Instance {
	i.State, i.CatalogedAt, i.OfferNumber, i.LeaseExpiration = fleet.Leased, noon.Add(-time.Hour), 1, noon.Add(time.Hour)
	return i
}

func key(hostname string) string { return fmt.Sprintf("%s:1", hostname) }
