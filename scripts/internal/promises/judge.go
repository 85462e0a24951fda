package promises

import (
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/world"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// View is everything as it stands: the records first, then Compute Engine.
type View struct {
	Records
	Groups        []simulator.GroupState
	VMs           []simulator.VM
	TemplateCount int
	Held          []Holding // by lessees, all the while
	Maxima        map[place]int
	Now           time.Time
}

// judge looks at a view.
type judge struct {
	View
	checked map[string]int
	broken  []world.Violation
}

func newJudge(v View) *judge { return &judge{View: v, checked: map[string]int{}} }

// holds counts a look at an invariant, and notes where it does not hold.
func (j *judge) holds(invariant string, ok bool, format string, args ...any) {
	j.checked[invariant]++
	if !ok {
		j.broken = append(j.broken, world.Violation{Invariant: invariant, Detail: fmt.Sprintf(format, args...)})
	}
}

// deleted: a VM that is asked to be deleted has no lessee, and cannot get one
// any more.
func (j *judge) deleted(key string) {
	machine, offered := j.Machines[key]
	lease := j.Leases[machine.Lease]
	active := offered && machine.State == leasing.OnLease && lease.Active(j.Now.Add(margin))
	j.holds(world.LeasedStays, !active, "%s is deleted, and the lease %s runs", key, lease.RequestID)
	for _, h := range j.Held {
		j.holds(world.LeasedStays, h.Instance != key, "%s is deleted, and %s holds it", key, h.Request)
	}
	j.holds(world.DeletedForGood, !offered || machine.State != leasing.Available, "%s is deleted while it can be leased", key)
}

// vmsOf are the VMs of a group; with names, those of them that it names.
func (j *judge) vmsOf(zone, group string, names map[string]bool) []simulator.VM {
	var vms []simulator.VM
	for _, vm := range j.VMs {
		if vm.Zone == zone && vm.Group == group && vm.ID != 0 && (names == nil || names[vm.Name]) {
			vms = append(vms, vm)
		}
	}
	return vms
}

func (j *judge) groupDeleted(zone, name string) {
	base, revision, _ := fleet.SplitTemplateName(name)
	manager := j.Managers[fleet.ManagerKey{BaseName: base, Revision: revision, Zone: zone}]
	j.holds(world.ActiveStays, manager.State != fleet.Active, "the group %s in %s is deleted", name, zone)
	for _, vm := range j.vmsOf(zone, name, nil) {
		j.deleted(world.KeyOf(vm))
	}
}

func (j *judge) templateDeleted(name string) {
	j.holds(world.ActiveStays, j.Revisions[name].State != fleet.Active, "the template %s is deleted", name)
}

// resized: a resize raises, and within the maximum.
func (j *judge) resized(zone, name string, size int) {
	sum, known, where := 0, false, placeOf(zone, name)
	for _, group := range j.Groups {
		if group.Zone != zone || placeOf(zone, group.Name) != where {
			continue
		}
		target := group.TargetSize
		if group.Name == name {
			known = true
			j.holds(world.NeverLowered, size >= target, "%s in %s from %d to %d", name, zone, target, size)
			target = size
		}
		sum += group.Footprint(target)
	}
	j.holds(world.WithinMaximum, !known || sum <= j.Maxima[where],
		"resizing %s in %s to %d makes %d VMs of %s there; the maximum is %d", name, zone, size, sum, where.BaseName, j.Maxima[where])
}
