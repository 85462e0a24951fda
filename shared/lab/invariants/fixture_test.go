package invariants

import (
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const (
	testGroup = "linux-0123456789ab"
	testZone  = "us-central1-a"
	freeVM    = "free:1"
	leasedVM  = "leased:2"
)

var testConfigured = Configured{
	Images: map[string]string{"linux": "debian-12"},
	Sizes:  map[fleet.PoolKey]fleet.Sizes{{BaseName: "linux", Zone: testZone}: {Minimum: 2, Maximum: 4}},
}

// still is a view of a suite at rest: two VMs, one of them leased.
func still() View {
	manager := fleet.Manager{BaseName: "linux", Revision: "0123456789ab", Zone: testZone, MinimumSize: 2, MaximumSize: 4, Resource: fleet.Resource{State: fleet.Active, URL: "group"}}
	instance := func(name, id string, state fleet.InstanceState) fleet.Instance {
		return fleet.Instance{Hostname: name, ID: id, BaseName: "linux", Revision: manager.Revision, Zone: testZone, State: state, CatalogedAt: noon.Add(-time.Hour)}
	}
	machine := func(key string, state leasing.MachineState) leasing.Machine {
		return leasing.Machine{Backend: "GCE", State: state, Policies: leasing.Policies{Attributes: []leasing.Attribute{{Key: leasing.InstanceAttribute, Value: key}}}}
	}
	leased, machineOnLease := instance("leased", "2", fleet.Leased), machine(leasedVM, leasing.OnLease)
	leased.LeasedIndefinitely, machineOnLease.LeasedIndefinitely, machineOnLease.Lease = true, true, "hash"
	vm := func(name string, id uint64) simulator.VM {
		return simulator.VM{Project: "p", Zone: testZone, Group: testGroup, Name: name, ID: id, Status: "RUNNING", CurrentAction: "NONE"}
	}
	return View{
		Records: Records{
			Templates: map[string]fleet.TemplateRecord{"linux": {BaseName: "linux", ActiveRevision: manager.Revision}},
			Revisions: map[string]fleet.Revision{testGroup: {BaseName: "linux", ID: manager.Revision, Resource: fleet.Resource{State: fleet.Active, URL: "template"}, Spec: fleet.TemplateSpec{ImageName: "debian-12"}}},
			Managers:  map[fleet.ManagerKey]fleet.Manager{manager.Key(): manager},
			Instances: map[string]fleet.Instance{freeVM: instance("free", "1", fleet.Cataloged), leasedVM: leased},
			Machines:  map[string]leasing.Machine{freeVM: machine(freeVM, leasing.Available), leasedVM: machineOnLease},
			Leases: map[string]leasing.Lease{"hash": {Hash: "hash", RequestID: "one", State: leasing.Fulfilled, FulfilledAt: noon, Hostname: "leased",
				BackendAttributes: machineOnLease.Policies.Attributes}},
		},
		Groups: []simulator.GroupState{{Project: "p", Zone: testZone, Name: testGroup, TargetSize: 2, Actions: map[string]int{"NONE": 2}}},
		VMs:    []simulator.VM{vm("free", 1), vm("leased", 2)}, TemplateCount: 1, Disks: 2,
		Held:   []Holding{{Request: "one", Hash: "hash", Hostname: "leased", Instance: leasedVM}},
		Maxima: map[fleet.PoolKey]int{{BaseName: "linux", Zone: testZone}: 4}, Now: noon,
	}
}

// change changes a value of a map.
func change[K comparable, V any](m map[K]V, key K, how func(*V)) {
	value := m[key]
	how(&value)
	m[key] = value
}
