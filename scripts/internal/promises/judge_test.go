package promises

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/world"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

func TestRoundSees(t *testing.T) {
	was := newJudge(still()).remember()
	for _, test := range []struct {
		name string
		harm func(v *View)
		want string // the invariant; "": all is well
	}{
		{"nothing", func(*View) {}, ""},
		{"the VM of a lessee is gone", func(v *View) { v.VMs = v.VMs[:1] }, world.LeasedStays},
		{"a lessee's machine is another", func(v *View) { v.VMs[1].ID = 3 }, world.LeasedStays},
		{"the catalog offers it to others", func(v *View) {
			change(v.Machines, leasedVM, func(m *leasing.Machine) { *m = m.Offer() })
		}, world.LeasedStays},
		{"its lease is over", func(v *View) {
			change(v.Leases, "hash", func(l *leasing.Lease) { l.EndedAt, l.Ending = noon, leasing.Released })
		}, world.LeasedStays},
		{"a lease ended too early", func(v *View) {
			v.Held = nil
			change(v.Leases, "hash", func(l *leasing.Lease) {
				l.EndedAt, l.Ending, l.ExpiresAt = noon, leasing.Expired, noon.Add(time.Minute)
			})
		}, world.LeasedStays},
		{"a lease ended, as if the VM were gone", func(v *View) {
			v.Held = nil
			change(v.Leases, "hash", func(l *leasing.Lease) { l.EndedAt, l.Ending = noon, leasing.Gone })
		}, world.LeasedStays},
		{"two leases", func(v *View) {
			v.Leases["other"] = leasing.Lease{Hash: "other", RequestID: "two", State: leasing.Fulfilled, BackendAttributes: v.Leases["hash"].BackendAttributes}
		}, world.OneLessee},
		{"too many VMs", func(v *View) { v.Maxima[place{"linux", testZone}] = 1 }, world.WithinMaximum},
		{"an unknown state", func(v *View) {
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.State = "idle" })
		}, world.KnownState},
		{"a lease without end of what is free", func(v *View) {
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.LeasedIndefinitely = true })
		}, world.KnownState},
		{"the record of another", func(v *View) {
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.ID = "7" })
		}, world.KnownState},
		{"an active manager that is being deleted", func(v *View) {
			for key := range v.Managers {
				change(v.Managers, key, func(m *fleet.Manager) { m.Deleting = true })
			}
		}, world.KnownState},
		{"a record that disappears", func(v *View) { delete(v.Instances, freeVM) }, world.DeletedForGood},
		{"deleted, and offered", func(v *View) {
			change(v.Instances, freeVM, func(i *fleet.Instance) { i.State = fleet.Deleted })
		}, world.DeletedForGood},
	} {
		v := still()
		test.harm(&v)
		j := newJudge(v)
		j.round(was)
		expect(t, test.name, j.broken, test.want)
	}
}

// What was asked to be deleted never comes back; else a state may follow any
// other, for some are not seen.
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
		j := newJudge(View{})
		j.instance(test.is.Key(), test.was, test.is)
		if (len(j.broken) == 0) != test.legal {
			t.Errorf("%s to %s: %v", test.was.State, test.is.State, j.broken)
		}
	}
	j := newJudge(View{Now: noon})
	j.removed("x", fleet.Instance{State: fleet.Deleted, DeletedAt: noon.Add(-fleet.TombstoneTime - 1)})
	expect(t, "a tombstone that is over", j.broken, "")
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
		{"a raise over the maximum", "POST", group + "/resize?size=5", "", nil, world.WithinMaximum},
		{"a resize that lowers", "POST", group + "/resize?size=1", "", nil, world.NeverLowered},
		{"no size", "POST", group + "/resize", "", nil, world.NeverLowered},
		{"the leased VM", "POST", group + "/deleteInstances", `{"instances":["https://x/zones/z/instances/leased"]}`, nil, world.LeasedStays},
		{"the leased VM, of which its lessee knows only", "POST", group + "/deleteInstances", `{"instances":["zones/z/instances/leased"]}`, func(v *View) { v.Machines = nil }, world.LeasedStays},
		{"the leased VM, of which the catalog knows only", "POST", group + "/deleteInstances", `{"instances":["zones/z/instances/leased"]}`, func(v *View) { v.Held = nil }, world.LeasedStays},
		{"a VM that can be leased", "POST", group + "/deleteInstances", `{"instances":["zones/z/instances/free"]}`, nil, world.DeletedForGood},
		{"a VM that is out", "POST", group + "/deleteInstances", `{"instances":["zones/z/instances/free"]}`, nobody, ""},
		{"an active group", "DELETE", group, "", nobody, world.ActiveStays},
		{"a drained group with a lessee", "DELETE", group, "", drained, world.LeasedStays},
		{"a drained group", "DELETE", group, "", func(v *View) { drained(v); nobody(v) }, ""},
		{"an active template", "DELETE", "/compute/v1/projects/p/global/instanceTemplates/" + testGroup, "", nil, world.ActiveStays},
		{"a drained template", "DELETE", "/compute/v1/projects/p/global/instanceTemplates/" + testGroup, "", drained, ""},
		{"something else", "POST", group + "/recreateInstances", "{}", nil, world.OnlyOurs},
		{"a VM on its own", "DELETE", "/compute/v1/projects/p/zones/z/instances/free", "", nil, world.OnlyOurs},
	} {
		v := still()
		if test.harm != nil {
			test.harm(&v)
		}
		r, err := http.NewRequestWithContext(t.Context(), test.method, "http://compute"+test.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		j := newJudge(v)
		j.asked(r, []byte(test.body))
		expect(t, test.name, j.broken, test.want)
	}
}

func expect(t *testing.T, name string, broken []world.Violation, want string) {
	t.Helper()
	switch {
	case want == "" && len(broken) > 0:
		t.Errorf("%s: %v", name, broken)
	case want != "" && !slices.ContainsFunc(broken, func(v world.Violation) bool { return v.Invariant == want }):
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
		{"a VM too few", func(v *View) { v.VMs = v.VMs[1:] }, "wanted are 2"},
		{"another target", func(v *View) { v.Groups[0].TargetSize = 3 }, "target 3"},
		{"no group", func(v *View) { v.Groups, v.VMs = nil, nil }, "is not there"},
		{"another image", func(v *View) {
			change(v.Revisions, testGroup, func(r *fleet.Revision) { r.Spec.ImageName = "debian-11" })
		}, "configured is debian-12"},
		{"a group too many", func(v *View) { v.Groups = append(v.Groups, v.Groups[0]); v.Groups[1].Name = "linux-000000000000" }, "left over"},
		{"a template too many", func(v *View) { v.TemplateCount++ }, "instance templates"},
		{"an entry without a VM", func(v *View) { v.Machines["x:9"] = leasing.Machine{State: leasing.Available} }, "does not exist"},
		{"a record without a VM", func(v *View) { v.Instances["x:9"] = fleet.Instance{State: fleet.Found} }, "x:9"},
		{"a tombstone", func(v *View) {
			v.Instances["x:9"] = fleet.Instance{State: fleet.Deleted, DeletedAt: noon.Add(-time.Minute)}
		}, ""},
		{"a drained record", func(v *View) {
			key := fleet.ManagerKey{BaseName: "linux", Revision: "000000000000", Zone: testZone}
			v.Managers[key] = fleet.Manager{BaseName: "linux", Revision: key.Revision, Zone: testZone, State: fleet.Drained, DrainedAt: noon.Add(-time.Minute)}
		}, ""},
		{"a drained record, being deleted", func(v *View) {
			key := fleet.ManagerKey{BaseName: "linux", Revision: "000000000000", Zone: testZone}
			v.Managers[key] = fleet.Manager{BaseName: "linux", Revision: key.Revision, Zone: testZone, State: fleet.Drained, DrainedAt: noon, Deleting: true}
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
		wrong := strings.Join(v.Differences([]Pool{testPool}), "\n")
		if test.want == "" && wrong != "" || !strings.Contains(wrong, test.want) {
			t.Errorf("%s: %q", test.name, wrong)
		}
	}
}
