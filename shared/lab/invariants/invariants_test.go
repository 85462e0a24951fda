package invariants

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

func TestRoundSees(t *testing.T) {
	was := still().Records
	for _, test := range []struct {
		name string
		harm func(v *View)
		want string // the invariant; "": all is well
	}{
		{"nothing", func(*View) {}, ""},
		{"the VM of a lessee is gone", func(v *View) { v.VMs = v.VMs[:1] }, LeasedStays},
		{"a lessee's machine is another", func(v *View) { v.VMs[1].ID = 3 }, LeasedStays},
		{"the catalog offers it to others", func(v *View) {
			change(v.Machines, leasedVM, func(m *leasing.Machine) { *m = m.Free() })
		}, LeasedStays},
		{"its lease is over", func(v *View) {
			change(v.Leases, "hash", func(l *leasing.Lease) { l.EndedAt, l.Ending = noon, leasing.Released })
		}, LeasedStays},
		{"it leaves the catalog while its lease runs", func(v *View) { v.Held = nil; delete(v.Machines, leasedVM) }, LeasedStays},
		{"the record of a lease that runs is removed", func(v *View) {
			v.Held = nil
			delete(v.Machines, leasedVM)
			delete(v.Leases, "hash")
		}, LeasedStays},
		{"a lease ended in the future", func(v *View) {
			v.Held = nil
			change(v.Leases, "hash", func(l *leasing.Lease) {
				l.ExpiresAt, l.EndedAt, l.Ending = noon.Add(time.Hour), noon.Add(time.Hour), leasing.Expired
			})
		}, LeasedStays},
		{"the group of an active manager is being deleted", func(v *View) { v.Groups[0].Deleting = true }, ActiveStays},
		{"the same, by hand", func(v *View) {
			v.Groups[0].Deleting, v.ByHand = true, map[[2]string]bool{{testZone, testGroup}: true}
		}, ""},
		{"a lease ended too early", func(v *View) {
			v.Held = nil
			change(v.Leases, "hash", func(l *leasing.Lease) {
				l.EndedAt, l.Ending, l.ExpiresAt = noon, leasing.Expired, noon.Add(time.Minute)
			})
		}, LeasedStays},
		{"a lease ended, as if the VM were gone", func(v *View) {
			v.Held = nil
			change(v.Leases, "hash", func(l *leasing.Lease) { l.EndedAt, l.Ending = noon, leasing.Gone })
		}, LeasedStays},
		{"two leases", func(v *View) {
			v.Leases["other"] = leasing.Lease{Hash: "other", RequestID: "two", State: leasing.Fulfilled, BackendAttributes: v.Leases["hash"].BackendAttributes}
		}, OneLessee},
		{"too many VMs", func(v *View) { v.Maxima[fleet.PoolKey{BaseName: "linux", Zone: testZone}] = 1 }, WithinMaximum},
		{"an unknown state", func(v *View) {
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.State = "idle" })
		}, KnownState},
		{"a lease without end of what is free", func(v *View) {
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.LeasedIndefinitely = true })
		}, KnownState},
		{"the record of another", func(v *View) {
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.ID = "7" })
		}, KnownState},
		{"an active manager that is being deleted", func(v *View) {
			for key := range v.Managers {
				change(v.Managers, key, func(m *fleet.Manager) { m.Deleting = true })
			}
		}, KnownState},
		{"a record that disappears", func(v *View) { delete(v.Instances, freeVM) }, DeletedForGood},
		{"deleted, and offered", func(v *View) {
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.State = fleet.Deleted })
		}, DeletedForGood},
	} {
		v := still()
		test.harm(&v)
		expect(t, test.name, v.Step(v.Since(was)).Broken, test.want)
	}
}

// An instance whose VM's deletion was requested never comes back. Otherwise any
// state may follow any other, because states in between may pass unseen.
func TestInstanceStates(t *testing.T) {
	asked := fleet.Instance{State: fleet.PendingDeletion, DeletionRequested: noon}
	for _, test := range []struct {
		was, is fleet.Instance
		legal   bool
	}{
		{fleet.Instance{}, fleet.Instance{State: fleet.Cataloged}, true},
		{fleet.Instance{State: fleet.Cataloged}, fleet.Instance{State: fleet.Found}, true},
		{fleet.Instance{State: fleet.PendingDeletion}, fleet.Instance{State: fleet.Leased, LeasedIndefinitely: true}, true},
		{fleet.Instance{State: fleet.Found}, asked, true},
		{asked, fleet.Instance{State: fleet.Deleted}, true},
		{asked, fleet.Instance{State: fleet.Leased, LeasedIndefinitely: true}, false},
		{asked, fleet.Instance{State: fleet.PendingDeletion}, false},
		{fleet.Instance{State: fleet.Deleted}, asked, false},
		{fleet.Instance{State: fleet.Deleted}, fleet.Instance{State: fleet.Found}, false},
	} {
		v := View{Records: Records{Instances: map[string]fleet.Instance{test.is.Key(): test.is}}}
		if broken := v.Step(Records{Instances: map[string]fleet.Instance{test.is.Key(): test.was}}).Broken; (len(broken) == 0) != test.legal {
			t.Errorf("%s to %s: %v", test.was.State, test.is.State, broken)
		}
	}
	over := map[string]fleet.Instance{"x": {State: fleet.Deleted, DeletedAt: noon.Add(-fleet.TombstoneTime - 1)}}
	expect(t, "a tombstone that is over", View{Now: noon}.Step(Records{Instances: over}).Broken, "")
	expect(t, "a tombstone that is not", View{Now: noon.Add(-2)}.Step(Records{Instances: over}).Broken, DeletedForGood)
}

func TestRequests(t *testing.T) {
	group := "/compute/v1/projects/p/zones/" + testZone + "/instanceGroupManagers/" + testGroup
	drained := func(v *View) {
		for key := range v.Managers {
			change(v.Managers, key, func(m *fleet.Manager) { m.State = fleet.Drained })
		}
		change(v.Revisions, testGroup, func(r *fleet.Revision) { r.State = fleet.Drained })
	}
	nobody := func(v *View) { v.Held, v.Machines = nil, nil }
	for _, test := range []struct {
		name, method, path, body string
		harm                     func(v *View)
		want                     string
	}{
		{"a raise", "POST", group + "/resize?size=4", "", nil, ""},
		{"a raise over the maximum", "POST", group + "/resize?size=5", "", nil, WithinMaximum},
		{"a resize that lowers", "POST", group + "/resize?size=1", "", nil, NeverLowered},
		{"no size", "POST", group + "/resize", "", nil, NeverLowered},
		{"the leased VM", "POST", group + "/deleteInstances", `{"instances":["https://x/zones/z/instances/leased"]}`, nil, LeasedStays},
		{"the leased VM, of which its lessee knows only", "POST", group + "/deleteInstances", `{"instances":["zones/z/instances/leased"]}`, func(v *View) { v.Machines = nil }, LeasedStays},
		{"the leased VM, of which the catalog knows only", "POST", group + "/deleteInstances", `{"instances":["zones/z/instances/leased"]}`, func(v *View) { v.Held = nil }, LeasedStays},
		{"a VM that can be leased", "POST", group + "/deleteInstances", `{"instances":["zones/z/instances/free"]}`, nil, DeletedForGood},
		{"a VM that is out", "POST", group + "/deleteInstances", `{"instances":["zones/z/instances/free"]}`, nobody, ""},
		{"an active group", "DELETE", group, "", nobody, ActiveStays},
		{"a drained group with a lessee", "DELETE", group, "", drained, LeasedStays},
		{"a drained group", "DELETE", group, "", func(v *View) { drained(v); nobody(v) }, ""},
		{"an active template", "DELETE", "/compute/v1/projects/p/global/instanceTemplates/" + testGroup, "", nil, ActiveStays},
		{"a drained template", "DELETE", "/compute/v1/projects/p/global/instanceTemplates/" + testGroup, "", drained, ""},
		{"something else", "POST", group + "/recreateInstances", "{}", nil, OnlyOurs},
		{"a VM on its own", "DELETE", "/compute/v1/projects/p/zones/z/instances/free", "", nil, OnlyOurs},
	} {
		v := still()
		if test.harm != nil {
			test.harm(&v)
		}
		r, err := http.NewRequestWithContext(t.Context(), test.method, "http://compute"+test.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		_, found := v.Asked(r, []byte(test.body))
		expect(t, test.name, found.Broken, test.want)
	}
}

func expect(t *testing.T, name string, broken []Violation, want string) {
	t.Helper()
	switch {
	case want == "" && len(broken) > 0:
		t.Errorf("%s: %v", name, broken)
	case want != "" && !slices.ContainsFunc(broken, func(v Violation) bool { return v.Invariant == want }):
		t.Errorf("%s: it was not seen, but: %v", name, broken)
	}
}

func TestDifferences(t *testing.T) {
	for _, test := range []struct {
		name string
		harm func(v *View)
		want string // part of what is said; "": nothing
	}{
		{"nothing", func(*View) {}, ""},
		{"a VM that is not up", func(v *View) { v.VMs[0].Status = "TERMINATED" }, "TERMINATED"},
		{"a VM without a record", func(v *View) { delete(v.Instances, freeVM) }, "has no record"},
		{"a VM that is not offered", func(v *View) { delete(v.Machines, freeVM) }, "not in the catalog"},
		{"the same, cut off by a kill", func(v *View) {
			delete(v.Machines, freeVM)
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.CatalogedAt = noon.Add(-time.Minute) })
		}, ""},
		{"a lease that is not recorded", func(v *View) {
			change(v.Instances, leasedVM, func(i *fleet.Instance) { i.State = fleet.Cataloged })
		}, "in its record and LEASED"},
		{"a VM too few", func(v *View) { v.VMs = v.VMs[1:] }, "to grow to 2"},
		{"another target", func(v *View) { v.Groups[0].TargetSize = 3 }, "target 3"},
		{"no group", func(v *View) { v.Groups, v.VMs = nil, nil }, "is not there"},
		{"another image", func(v *View) {
			change(v.Revisions, testGroup, func(r *fleet.Revision) { r.Spec.ImageName = "debian-11" })
		}, "configured is debian-12"},
		{"a group too many", func(v *View) { v.Groups = append(v.Groups, v.Groups[0]); v.Groups[1].Name = "linux-000000000000" }, "left over"},
		{"a template too many", func(v *View) { v.TemplateCount++ }, "instance templates"},
		{"a disk too many", func(v *View) { v.Disks++ }, "3 disks"},
		{"no disk of a snapshot", func(v *View) {
			v.VMs[0].Template = testGroup
			change(v.Revisions, testGroup, func(r *fleet.Revision) { r.SnapshotURL = "snapshot" })
		}, "the VMs have 3"},
		{"a group that is being deleted", func(v *View) { v.Groups[0].Deleting = true }, "is being deleted"},
		{"a template that is not configured", func(v *View) { v.Templates["x"] = fleet.TemplateRecord{BaseName: "x", ActiveRevision: "y"} }, "not configured"},
		{"a template without a revision", func(v *View) { v.Templates["x"] = fleet.TemplateRecord{BaseName: "x"} }, "the record of template x"},
		{"a tombstone, late", func(v *View) {
			v.Late = true
			v.Instances["x:9"] = fleet.Instance{State: fleet.Deleted, DeletedAt: noon.Add(-time.Minute)}
		}, "x:9"},
		{"a VM whose offer was cut off, late", func(v *View) {
			v.Late = true
			delete(v.Machines, freeVM)
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.CatalogedAt = noon.Add(-time.Minute) })
		}, "not in the catalog"},
		{"an orphan", func(v *View) { v.Orphans = map[string]struct{}{"one": {}} }, "an orphan"},
		{"a lease that is over", func(v *View) {
			change(v.Leases, "hash", func(l *leasing.Lease) { l.ExpiresAt = noon })
		}, "was not ended"},
		{"a VM too many", func(v *View) {
			v.VMs, v.Groups[0].TargetSize = append(v.VMs, v.VMs[0]), 3
		}, "to lose 1"},
		{"an entry without a VM", func(v *View) { v.Machines["x:9"] = leasing.Machine{State: leasing.Available} }, "does not exist"},
		{"a record without a VM", func(v *View) { v.Instances["x:9"] = fleet.Instance{State: fleet.Found} }, "x:9"},
		{"a tombstone", func(v *View) {
			v.Instances["x:9"] = fleet.Instance{State: fleet.Deleted, DeletedAt: noon.Add(-time.Minute)}
		}, ""},
		{"a drained record", func(v *View) {
			key := fleet.ManagerKey{BaseName: "linux", Revision: "000000000000", Zone: testZone}
			v.Managers[key] = fleet.Manager{BaseName: "linux", Revision: key.Revision, Zone: testZone, Resource: fleet.Resource{State: fleet.Drained, DrainedAt: noon.Add(-time.Minute)}}
		}, ""},
		{"a drained record, being deleted", func(v *View) {
			key := fleet.ManagerKey{BaseName: "linux", Revision: "000000000000", Zone: testZone}
			v.Managers[key] = fleet.Manager{BaseName: "linux", Revision: key.Revision, Zone: testZone, Resource: fleet.Resource{State: fleet.Drained, DrainedAt: noon, Deleting: true}}
		}, "left over"},
		{"a lease that waits", func(v *View) {
			v.Leases["w"] = leasing.Lease{RequestID: "waiting", State: leasing.Pending, Length: leasing.Length{Indefinite: true}}
		}, "waiting waits"},
		{"a message", func(v *View) {
			change(v.Leases, "hash", func(l *leasing.Lease) { l.Unsent = []leasing.Notice{leasing.LeasedNotice} })
		}, "to be told"},
	} {
		v := still()
		test.harm(&v)
		wrong := strings.Join(v.Differences(testConfigured), "\n")
		if test.want == "" && wrong != "" || !strings.Contains(wrong, test.want) {
			t.Errorf("%s: %q", test.name, wrong)
		}
	}
}

// A maximum counts for a while after it is over.
func TestMaxima(t *testing.T) {
	m, pool := Maxima{}, fleet.PoolKey{BaseName: "linux", Zone: testZone}
	m.Over(pool, 4, noon)
	m.Over(pool, 1, noon.Add(time.Minute))
	for _, test := range []struct {
		after time.Duration
		want  int
	}{{0, 4}, {maximaKept - 1, 4}, {maximaKept, 2}, {maximaKept + time.Minute, 2}} {
		if got := m.With(map[fleet.PoolKey]int{pool: 2}, noon.Add(test.after))[pool]; got != test.want {
			t.Errorf("after %v: %d, want %d", test.after, got, test.want)
		}
	}
}

// Some violations can be found only if every commit is seen.
func TestCommitSees(t *testing.T) {
	all := func(*View) {}
	for _, test := range []struct {
		name   string
		before Records
		harm   func(v *View)
		want   string
	}{
		{"nothing", still().Since(still().Records), all, ""},
		{"a state left out", Records{Instances: map[string]fleet.Instance{freeVM: {}}}, all, KnownState},
		{"asked for in the same commit", Records{Instances: map[string]fleet.Instance{freeVM: {State: fleet.Found}}}, func(v *View) {
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.State, i.DeletionRequested = fleet.PendingDeletion, noon })
		}, KnownState},
		{"a machine on a lease that is over", Records{Machines: map[string]leasing.Machine{leasedVM: {}}}, func(v *View) {
			change(v.Leases, "hash", func(l *leasing.Lease) { l.EndedAt = noon })
		}, LeasedStays},
		{"a lease that ends without its machine", Records{Leases: still().Leases}, func(v *View) {
			change(v.Leases, "hash", func(l *leasing.Lease) { l.EndedAt = noon })
		}, LeasedStays},
		{"more VMs than the maximum, which was lowered", Records{}, func(v *View) { v.Maxima = map[fleet.PoolKey]int{{BaseName: "linux", Zone: testZone}: 1} }, ""},
	} {
		v := still()
		v.Held, v.EveryCommit = nil, true
		test.harm(&v)
		expect(t, test.name, v.Step(test.before).Broken, test.want)
	}
}
