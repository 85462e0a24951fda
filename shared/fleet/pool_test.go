package fleet

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestPools(t *testing.T) {
	manager := func(name, revision, zone string, state State) Manager {
		return Manager{BaseName: name, Revision: revision, Zone: zone, Resource: Resource{State: state}}
	}
	pools := Pools([]Manager{
		manager("b", "1", "z", Active), manager("a", "1", "z", Drained), manager("b", "2", "z", Drained), manager("b", "1", "y", Active),
	}, []Revision{{BaseName: "b", ID: "2", Resource: Resource{URL: "template"}}, {BaseName: "a", ID: "2"}})
	for _, m := range []Manager{manager("a", "", "z", ""), manager("b", "", "z", ""), manager("c", "", "x", "")} {
		pools = AddConfigured(pools, m)
	}
	var got []string
	for _, pool := range pools {
		for _, g := range pool.Groups {
			got = append(got, fmt.Sprintf("%s/%s: %s %s %s", pool.BaseName, pool.Zone, g.Manager.Revision, g.Manager.State, g.Revision.URL))
		}
	}
	want := []string{"a/z: 1 drained ", "a/z:   ", "b/y: 1 active ", "b/z: 1 active ", "b/z: 2 drained template", "c/x:   "}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// The VMs of the other revisions take room: those that Compute Engine counts,
// those in the records, and those of claimed resizes.
func TestSizingOfAGroup(t *testing.T) {
	now := time.Date(2026, 3, 2, 13, 42, 0, 0, time.UTC)
	active := &Group{Manager: Manager{MinimumSize: 6, MaximumSize: 10, Resource: Resource{State: Active}}, Machines: Machines{Leased: 2, Pending: 1, Found: 3}}
	for _, test := range []struct {
		other Group
		want  int
	}{
		{Group{}, 0},
		{Group{Machines: Machines{Found: 1, Cataloged: 2, Leased: 3, Pending: 1}}, 7},
		{Group{Counts: Counts{Target: 2, Deleting: 1, Total: 3}}, 3},
		{Group{Counts: Counts{Target: 2, Total: 2}, Machines: Machines{Found: 1}}, 2},
		{Group{Manager: Manager{Claim: ResizeClaim{Target: 4, At: now}}}, 4},
	} {
		pool := Pool{Groups: []*Group{active, &test.other}}
		if got, want := pool.Sizing(active, now), (Sizing{Minimum: 6, Maximum: 10, Leased: 2, Pending: 1, Others: test.want}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestWaits(t *testing.T) {
	now := time.Date(2026, 3, 2, 13, 42, 0, 0, time.UTC)
	nothing := func(string, ...string) (time.Time, string) { return time.Time{}, "" }
	failing := func(job string, names ...string) (time.Time, string) { return now, job + fmt.Sprint(names) }
	built := Manager{BaseName: "b", Revision: "r", Zone: "z", MinimumSize: 1, MaximumSize: 2, Resource: Resource{State: Active, URL: "group"}}
	gone := Manager{BaseName: "b", Revision: "r", Zone: "z", Resource: Resource{State: Drained}}
	up := Revision{Resource: Resource{State: Active, URL: "template"}}
	for _, test := range []struct {
		group  Group
		freeze Freeze
		failed func(string, ...string) (time.Time, string)
		want   []Wait
	}{
		{group: Group{}, want: []Wait{{"the configuration to be processed", false}}},
		{group: Group{Manager: built, Revision: up, Machines: Machines{Cataloged: 1}}},
		{group: Group{Manager: built, Revision: up, Machines: Machines{Cataloged: 1}}, freeze: Freeze{"b"}, want: []Wait{{"frozen by settings.cfg: left as it is", false}}},
		{group: Group{Manager: built}, failed: failing, want: []Wait{{"its instance template", false}, {"since 13:42: create-instance-templates[b-r]", true}}},
		{group: Group{Manager: built, Revision: up, Machines: Machines{Cataloged: 1, Pending: 2}}, failed: failing,
			want: []Wait{{"2 VMs to be deleted", false}, {"since 13:42: delete-instances-pending-deletion[z b-r]", true}}},
		{group: Group{Manager: gone, Revision: Revision{Resource: Resource{State: Drained, URL: "template"}}}, want: []Wait{{"its instance template to be deleted", false}}},
		{group: Group{Manager: gone, Revision: up}, want: []Wait{{"its records to be deleted", false}}},
		{group: Group{Manager: gone, Revision: up, Machines: Machines{Leased: 2}, Leases: make([]Instance, 1)}, want: []Wait{{"2 leases to end", false}}},
	} {
		if test.failed == nil {
			test.failed = nothing
		}
		pool := Pool{PoolKey: PoolKey{BaseName: "b", Zone: "z"}, Groups: []*Group{&test.group}}
		if got := pool.Waits(&test.group, Circumstances{Now: now, Freeze: test.freeze, Failed: test.failed}); !slices.Equal(got, test.want) {
			t.Errorf("%+v, want %+v", got, test.want)
		}
	}
}
