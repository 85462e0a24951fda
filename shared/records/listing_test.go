package records

import (
	"maps"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

func newInstances(names ...string) []fleet.Instance {
	var all []fleet.Instance
	for _, name := range names {
		m := fleet.Manager{BaseName: manager.BaseName, Revision: manager.Revision, Zone: manager.Zone}
		all = append(all, fleet.NewInstance(m, name, "1", "url", noon))
	}
	return all
}

func (b *bench) listing() Listing {
	b.Helper()
	listing, err := b.Listing(b.Context(), manager)
	if err != nil {
		b.Fatal(err)
	}
	return listing
}

func TestListing(t *testing.T) {
	b := newBench(t)
	empty := b.listing()
	if len(empty.VMs) != 0 || empty.VMs == nil {
		t.Errorf("%v", empty.VMs)
	}
	vms := map[string]fleet.Sight{"1": {Hostname: "a", Running: true}, "2": {Hostname: "b", Lost: true}}
	written, err := b.Record(t.Context(), manager, empty, vms, newInstances("a", "b"))
	if err != nil || b.commits != 1 || b.writes != 3 {
		t.Fatalf("%v; %d commits with %d writes", err, b.commits, b.writes)
	}
	if read := b.listing(); !maps.Equal(read.VMs, vms) {
		t.Errorf("%v", read.VMs)
	}
	// The listing that Record returns works for the next call.
	delete(vms, "2")
	if _, err := b.Record(t.Context(), manager, written, vms, nil); err != nil {
		t.Error(err)
	}
	if read := b.listing(); !maps.Equal(read.VMs, vms) {
		t.Errorf("%v", read.VMs)
	}
	other := manager
	other.Zone = "elsewhere"
	if read, err := b.Listing(t.Context(), other); len(read.VMs) != 0 || err != nil {
		t.Errorf("of another manager: %v, %v", read.VMs, err)
	}
	for range 2 { // the second call changes nothing
		if err := b.RemoveListing(t.Context(), manager); err != nil {
			t.Error(err)
		}
	}
	if read := b.listing(); len(read.VMs) != 0 {
		t.Errorf("%v", read.VMs)
	}
}

// A fetch that another one has overtaken records nothing: the VMs that it saw
// may be gone, and their records with them.
func TestAnOvertakenFetchRecordsNothing(t *testing.T) {
	for name, setUp := range map[string]func(*bench) Listing{
		"the first listing": func(b *bench) Listing { return b.listing() },
		"a later one": func(b *bench) Listing {
			if _, err := b.Record(b.Context(), manager, b.listing(), map[string]fleet.Sight{"0": {Hostname: "z"}}, nil); err != nil {
				b.Fatal(err)
			}
			return b.listing()
		},
		"one that was removed since": func(b *bench) Listing {
			if _, err := b.Record(b.Context(), manager, b.listing(), map[string]fleet.Sight{"0": {Hostname: "z"}}, nil); err != nil {
				b.Fatal(err)
			}
			stale := b.listing()
			if err := b.RemoveListing(b.Context(), manager); err != nil {
				b.Fatal(err)
			}
			return stale
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			stale := setUp(b)
			quick := map[string]fleet.Sight{"9": {Hostname: "quick"}}
			if _, err := b.Record(t.Context(), manager, b.listing(), quick, newInstances("quick")); err != nil {
				t.Fatal(err)
			}
			if current, err := b.Current(t.Context(), stale); current || err != nil {
				t.Errorf("current: %v, %v", current, err)
			}
			_, err := b.Record(t.Context(), manager, stale, map[string]fleet.Sight{"1": {Hostname: "a"}}, newInstances("a"))
			if !failure.Is(err, failure.Conflict) {
				t.Errorf("%v", err)
			}
			if got := hostnames(b.InstancesOf(t.Context(), manager)); got != "[quick] <nil>" {
				t.Errorf("records: %s", got)
			}
			if read := b.listing(); !maps.Equal(read.VMs, quick) {
				t.Errorf("listing: %v", read.VMs)
			}
			if current, err := b.Current(t.Context(), b.listing()); !current || err != nil {
				t.Errorf("the new one is current: %v, %v", current, err)
			}
		})
	}
}

// An existing record, such as a tombstone, is never overwritten, and the rest
// of the step is not done either.
func TestATombstoneIsNotWrittenOver(t *testing.T) {
	b := newBench(t)
	b.instance("a", func(i *fleet.Instance) { i.State, i.DeletedAt = fleet.Deleted, noon })
	_, err := b.Record(t.Context(), manager, b.listing(), map[string]fleet.Sight{"1": {Hostname: "a"}}, newInstances("a", "b"))
	if !failure.Is(err, failure.Conflict) {
		t.Errorf("%v", err)
	}
	if got := hostnames(b.InstancesIn(t.Context(), fleet.Deleted)); got != "[a] <nil>" {
		t.Error(got)
	}
	if got := hostnames(b.InstancesIn(t.Context(), fleet.Found)); got != "[] <nil>" {
		t.Error(got)
	}
	if current, err := b.Current(t.Context(), Listing{read: store.Document{Key: "listings/linux:0123456789ab:us-east1-b"}}); !current || err != nil {
		t.Errorf("the listing was written: %v", err)
	}
}

// The listing is a cache: one that cannot be read is started anew.
func TestAListingThatCannotBeRead(t *testing.T) {
	for name, fields := range map[string]store.Fields{
		"no JSON":        {"manager": manager.String(), "vms": []byte("{")},
		"another JSON":   {"manager": manager.String(), "vms": []byte(`[1]`)},
		"another type":   {"manager": manager.String(), "vms": int64(7)},
		"null":           {"manager": manager.String(), "vms": []byte(`null`)},
		"nothing of it":  {"other": "x"},
		"an empty field": {"manager": manager.String(), "vms": []byte{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.put(fields, "listings", strings.ReplaceAll(manager.String(), "/", ":"))
			listing, err := b.Listing(t.Context(), manager)
			if err != nil || len(listing.VMs) != 0 || listing.VMs == nil {
				t.Fatalf("%v, %v", listing.VMs, err)
			}
			vms := map[string]fleet.Sight{"1": {Hostname: "a"}}
			if _, err := b.Record(t.Context(), manager, listing, vms, newInstances("a")); err != nil {
				t.Fatal(err)
			}
			if read := b.listing(); !maps.Equal(read.VMs, vms) {
				t.Errorf("%v", read.VMs)
			}
		})
	}
}
