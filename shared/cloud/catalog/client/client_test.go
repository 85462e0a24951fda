package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// both runs a test with each kind of Machine Provider.
func both(t *testing.T, test func(t *testing.T, p *provider)) {
	t.Helper()
	t.Run("LUCI's", func(t *testing.T) { test(t, newProvider(t, false)) })
	t.Run("ours", func(t *testing.T) { test(t, newProvider(t, true)) })
}

func TestAddWritesTheWholeEntry(t *testing.T) {
	p := newProvider(t, false)
	results, err := p.client().Add(t.Context(), catalog.Entry{
		Hostname: "vm-0", Instance: "key-0", ServiceAccount: "machine@example.com", Project: "p", Topic: "leases-changed",
		Dimensions: &pb.Dimensions{OsFamily: pb.OSFamily_LINUX.Enum(), OsVersion: proto.String("12"), LinuxFlavor: pb.LinuxFlavor_DEBIAN.Enum(), Project: proto.String("vms"),
			DiskGb: proto.Int64(100), DiskType: pb.DiskType_SSD.Enum(), NumCpus: proto.Int64(4), MemoryGb: proto.Float64(15.5),
			Snapshot: proto.String("cache"), SnapshotLabels: []string{"kind:cache"}},
	})
	if err != nil || len(results) != 1 || results[0] != nil {
		t.Fatalf("got %v, %v", results, err)
	}
	var want object
	if err := json.Unmarshal([]byte(`{
		"dimensions": {"hostname": "vm-0", "backend": "GCE", "os_family": "LINUX", "os_version": "12", "linux_flavor": "DEBIAN",
			"project": "vms", "disk_gb": "100", "disk_type": "SSD", "num_cpus": "4", "memory_gb": 15.5,
			"snapshot": "cache", "snapshot_labels": ["kind:cache"]},
		"policies": {"machine_service_account": "machine@example.com", "on_reclamation": "DELETE",
			"backend_project": "p", "backend_topic": "leases-changed",
			"backend_attributes": [{"key": "instance", "value": "key-0"}]}}`), &want); err != nil {
		t.Fatal(err)
	}
	if got := p.machines["vm-0"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAddAnswersOneByOne(t *testing.T) {
	p := newProvider(t, false)
	p.machines["vm-1"] = object{}
	p.refuse["vm-2"] = "INVALID_TOPIC"
	p.refuse["vm-3"] = "AN_ERROR_OF_NEXT_YEAR"
	results, err := p.client(func(o *client.Options) { o.Batch = 2 }).Add(t.Context(), entries(5)...)
	if err != nil {
		t.Fatal(err)
	}
	if results[0] != nil || !errors.Is(results[1], catalog.ErrReused) || results[4] != nil {
		t.Errorf("got %v", results)
	}
	for _, i := range []int{2, 3} {
		if !failure.Is(results[i], failure.Permanent) {
			t.Errorf("%d: got %v, want a permanent error", i, results[i])
		}
	}
	if want := []int{2, 2, 1}; !reflect.DeepEqual(p.sizes, want) {
		t.Errorf("got batches of %v, want %v", p.sizes, want)
	}
}

func TestGet(t *testing.T) {
	both(t, func(t *testing.T, p *provider) {
		c := p.client()
		if _, err := c.Add(t.Context(), entries(3)...); err != nil {
			t.Fatal(err)
		}
		p.leases["vm-1"] = object{"state": "LEASED", "lease_expiration_ts": "1767323045"}
		p.leases["vm-2"] = object{"state": "LEASED", "leased_indefinitely": true}
		got, err := c.Get(t.Context(), questions(hostnames(4)...)...)
		if err != nil {
			t.Fatal(err)
		}
		want := []catalog.Machine{
			{Hostname: "vm-0", Instance: "key-0"},
			{Hostname: "vm-1", Instance: "key-1", LeaseExpiration: time.Unix(1767323045, 0).UTC()},
			{Hostname: "vm-2", Instance: "key-2", LeasedIndefinitely: true},
			{Hostname: "vm-3", Err: catalog.ErrNotFound},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestRemove(t *testing.T) {
	both(t, func(t *testing.T, p *provider) {
		c := p.client()
		if _, err := c.Add(t.Context(), entries(3)...); err != nil {
			t.Fatal(err)
		}
		p.leases["vm-1"] = object{"leased_indefinitely": true}
		p.leases["vm-2"] = object{"leased_indefinitely": true}
		got, err := c.Remove(t.Context(),
			catalog.Removal{Hostname: "vm-0", Instance: "key-0"},
			catalog.Removal{Hostname: "vm-1", Instance: "key-1"},
			catalog.Removal{Hostname: "vm-2", Instance: "key-2", Gone: true},
			catalog.Removal{Hostname: "vm-3", Instance: "key-3"})
		if err != nil {
			t.Fatal(err)
		}
		want := []error{nil, catalog.ErrLeased, nil, catalog.ErrNotFound}
		if !p.extended { // it does not support Gone
			want[2] = catalog.ErrLeased
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		for _, body := range p.bodies {
			if _, ours := body["instance"]; ours && !p.extended {
				t.Errorf("LUCI's Machine Provider was sent %v", body)
			}
		}
	})
}

// An absence is final only if the Machine Provider says so. LUCI's never does,
// and gets none of the fields that we added.
func TestSettle(t *testing.T) {
	both(t, func(t *testing.T, p *provider) {
		c := p.client()
		entry := entries(1)[0]
		entry.Offer = 1
		machines, err1 := c.Get(t.Context(), catalog.Question{Hostname: "vm-0", Instance: "key-0", Offer: 1, Settle: true})
		removed, err2 := c.Remove(t.Context(), catalog.Removal{Hostname: "vm-1", Instance: "key-1", Offer: 0, Settle: true})
		late, err3 := c.Add(t.Context(), entry)
		entry.Offer = 2
		higher, err4 := c.Add(t.Context(), entry)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		wantAbsent, wantLate, wantHigher := catalog.ErrSettled, catalog.ErrSettled, error(nil)
		if !p.extended {
			wantAbsent, wantLate, wantHigher = catalog.ErrNotFound, nil, catalog.ErrReused
			for _, body := range p.bodies {
				if _, ours := body["settle"]; ours {
					t.Errorf("LUCI's Machine Provider was sent %v", body)
				}
			}
		}
		if machines[0].Err != wantAbsent || removed[0] != wantAbsent || late[0] != wantLate || higher[0] != wantHigher { //nolint:errorlint // the errors must be identical
			t.Errorf("got %v, %v, %v and %v", machines[0].Err, removed[0], late[0], higher[0])
		}
	})
}

func TestCountAndList(t *testing.T) {
	both(t, func(t *testing.T, p *provider) {
		c := p.client()
		if _, err := c.Add(t.Context(), entries(5)...); err != nil {
			t.Fatal(err)
		}
		p.leases["vm-1"] = object{"state": "LEASED", "leased_indefinitely": true}
		counts, err1 := c.Count(t.Context(), "vm-", "vm-1", "x")
		listed, err2 := c.List(t.Context(), "vm-")
		if !p.extended {
			if !errors.Is(err1, catalog.ErrUnsupported) || !errors.Is(err2, catalog.ErrUnsupported) {
				t.Errorf("got %v and %v, want ErrUnsupported", err1, err2)
			}
			return
		}
		if want := []catalog.Count{{Available: 4, Leased: 1}, {Leased: 1}, {}}; err1 != nil || !reflect.DeepEqual(counts, want) {
			t.Errorf("counts %v, %v", counts, err1)
		}
		if err2 != nil || len(listed) != 5 || listed[4].Instance != "key-4" || !listed[1].LeasedIndefinitely {
			t.Errorf("listed %v, %v", listed, err2)
		}
	})
}

func TestChanges(t *testing.T) {
	got, err := newProvider(t, true).client().Changes(t.Context(), "c")
	want := catalog.Changes{Cursor: "c+1", More: true, Changed: []catalog.Change{
		{Hostname: "vm-1", Instance: "key-1"}, {Hostname: "vm-2", Instance: "key-2", Removed: true}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := newProvider(t, false).client().Changes(t.Context(), ""); !errors.Is(err, catalog.ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
}

func TestWhatIsMissingIsRememberedForAWhile(t *testing.T) {
	p := newProvider(t, false)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := p.client(func(o *client.Options) { o.Now = func() time.Time { return now } })
	ask := func(want int) {
		t.Helper()
		if _, err := c.Get(t.Context(), questions("vm-0")...); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Changes(t.Context(), ""); !errors.Is(err, catalog.ErrUnsupported) {
			t.Fatal(err)
		}
		if p.calls["get_machines"] != want || p.calls["list_changes"] != want {
			t.Errorf("asked %d and %d times, want %d", p.calls["get_machines"], p.calls["list_changes"], want)
		}
	}
	ask(1)
	ask(1)
	now = now.Add(11 * time.Minute)
	ask(2)
	p.extended = true
	now = now.Add(11 * time.Minute)
	if _, err := c.Get(t.Context(), questions("vm-0")...); err != nil || p.calls["get"] != 3 {
		t.Errorf("got %v after %d single calls, want the batch to be used", err, p.calls["get"])
	}
}

func TestNothingIsSentForNothing(t *testing.T) {
	p := newProvider(t, true)
	c := p.client()
	machines, err1 := c.Get(t.Context())
	added, err2 := c.Add(t.Context())
	removed, err3 := c.Remove(t.Context())
	if err := errors.Join(err1, err2, err3); err != nil || len(machines)+len(added)+len(removed)+len(p.calls) != 0 {
		t.Errorf("got %v and the calls %v", err, p.calls)
	}
}

func TestTheURLMayChangeAndMayBeMissing(t *testing.T) {
	first, second := newProvider(t, false), newProvider(t, true)
	url := first.url
	c := first.client(func(o *client.Options) { o.Base = func(context.Context) (string, error) { return url, nil } })
	if _, err := c.Get(t.Context(), questions("vm-0")...); err != nil {
		t.Fatal(err)
	}
	url = second.url
	if _, err := c.Get(t.Context(), questions("vm-0")...); err != nil || second.calls["get_machines"] != 1 || second.calls["get"] != 0 {
		t.Errorf("got %v and the calls %v", err, second.calls)
	}
	url = ""
	if _, err := c.Get(t.Context(), questions("vm-0")...); err == nil {
		t.Error("no URL, and no error")
	}
}
