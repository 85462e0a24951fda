package promises

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/world"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// sweep is what a record may stay beyond its time, until the next sweep.
const sweep = time.Minute

// rest compares a view with a configuration.
type rest struct {
	View
	groups  map[group][]simulator.VM
	targets map[group]int
	wrong   []string
}

type group struct{ zone, name string }

// Differences lists how everything differs from what is configured; none once
// it is at rest. Records of what is gone may stay for as long as they are kept.
func (v View) Differences(pools []Pool) []string {
	r := &rest{View: v, groups: map[group][]simulator.VM{}, targets: map[group]int{}}
	for _, g := range v.Groups {
		if !strings.HasPrefix(g.Name, world.Foreign) {
			r.groups[group{g.Zone, g.Name}] = nil
			r.targets[group{g.Zone, g.Name}] = g.TargetSize
		}
	}
	for _, vm := range v.VMs {
		if at := (group{vm.Zone, vm.Group}); !strings.HasPrefix(vm.Group, world.Foreign) {
			r.groups[at] = append(r.groups[at], vm)
		}
	}
	kept := map[group]bool{}
	for _, pool := range pools {
		key := fleet.ManagerKey{BaseName: pool.BaseName, Revision: r.template(pool), Zone: pool.Zone}
		kept[group{pool.Zone, fleet.TemplateName(key.BaseName, key.Revision)}] = true
		r.pool(key, pool)
	}
	r.drained(kept)
	r.templates(pools)
	r.instances()
	r.waiting()
	slices.Sort(r.wrong)
	return slices.Compact(r.wrong)
}

func (r *rest) wrongf(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// template checks that the configured revision is the active one, and there.
func (r *rest) template(pool Pool) (revision string) {
	active := r.Templates[pool.BaseName].ActiveRevision
	record, ok := r.Revisions[fleet.TemplateName(pool.BaseName, active)]
	if !ok || record.State != fleet.Active || record.URL == "" || record.Spec.ImageName != pool.Image {
		r.wrongf("template %s is active as %q with %q, which is %s with URL %q; configured is %s", pool.BaseName, active, record.Spec.ImageName, record.State, record.URL, pool.Image)
	}
	return active
}

// pool checks a configured group: its size, and that each VM is up, recorded
// and cataloged.
func (r *rest) pool(key fleet.ManagerKey, pool Pool) {
	m, at := r.Managers[key], group{pool.Zone, fleet.TemplateName(key.BaseName, key.Revision)}
	if m.State != fleet.Active || m.URL == "" || m.MinimumSize != pool.Minimum || m.MaximumSize != pool.Maximum {
		r.wrongf("manager %s is %s, %d to %d, with URL %q", key, m.State, m.MinimumSize, m.MaximumSize, m.URL)
	}
	vms, there := r.groups[at]
	if !there {
		r.wrongf("group %s in %s is not there", at.name, at.zone)
		return
	}
	leased, doubtful, others := 0, 0, 0
	for _, vm := range vms {
		switch {
		case r.vm(vm):
			leased++
		case r.inDoubt(world.KeyOf(vm)):
			doubtful++ // it cannot be taken out
		}
	}
	for other, its := range r.groups {
		if placeOf(other.zone, other.name) == placeOf(at.zone, at.name) && other != at {
			others += len(its)
		}
	}
	wanted := max(fleet.Sizing{Minimum: pool.Minimum, Maximum: pool.Maximum, Leased: leased, Others: others}.Wanted(), leased)
	// The minimum is kept where it is reached, though another revision's VMs leave no room for it.
	if have := len(vms); have < wanted || have > max(wanted, pool.Minimum)+doubtful || r.targets[at] != have {
		r.wrongf("group %s in %s has %d VMs and target %d; wanted are %d, for %d leases", at.name, at.zone, have, r.targets[at], wanted, leased)
	}
}

// vm checks that a VM is up, recorded and cataloged, and reports whether it is
// leased.
func (r *rest) vm(vm simulator.VM) bool {
	key := world.KeyOf(vm)
	record, recorded := r.Instances[key]
	machine, offered := r.Machines[key]
	switch {
	case !offered && r.inDoubt(key): // in whatever state
	case vm.Status != "RUNNING" || vm.CurrentAction != "NONE":
		r.wrongf("VM %s is %q, %s", key, vm.Status, vm.CurrentAction)
	case !recorded:
		r.wrongf("VM %s has no record", key)
	case !offered:
		r.wrongf("VM %s is %s (offered: %s, missing: %s) and not in the catalog", key, record.State, record.CatalogedAt, record.MissingSince)
	case machine.State == leasing.OnLease && record.State != fleet.Leased, machine.State == leasing.Available && record.State != fleet.Cataloged:
		r.wrongf("VM %s is %s in its record and %s in the catalog", key, record.State, machine.State)
	case record.State == fleet.Leased && !record.LeaseExpiration.Equal(machine.LeaseExpiration):
		r.wrongf("VM %s is leased until %s in its record and until %s in the catalog", key, record.LeaseExpiration, machine.LeaseExpiration)
	}
	return offered && machine.State == leasing.OnLease
}

// drained: what is not configured is there only as far as leases hold it.
func (r *rest) drained(kept map[group]bool) {
	for at, vms := range r.groups {
		if kept[at] {
			continue
		}
		if len(vms) == 0 && !r.waits(at) {
			r.wrongf("group %s in %s is left over", at.name, at.zone)
		}
		for _, vm := range vms {
			if !r.vm(vm) && !r.inDoubt(world.KeyOf(vm)) {
				r.wrongf("VM %s of a group that is not configured is not leased", world.KeyOf(vm))
			}
		}
	}
	for key, m := range r.Managers {
		_, there := r.groups[group{key.Zone, m.GroupName()}]
		if m.State == fleet.Drained && !there && (m.URL != "" || m.Deleting || r.Now.Sub(m.DrainedAt) > fleet.DrainTime+sweep) {
			r.wrongf("the record of manager %s is left over: URL %q, being deleted: %t, drained at %s", key, m.URL, m.Deleting, m.DrainedAt)
		}
	}
}

// templates: each instance template has its record, and each drained one a
// group that is held.
func (r *rest) templates(pools []Pool) {
	recorded := 0
	for name, revision := range r.Revisions {
		if revision.URL != "" {
			recorded++
		}
		held := false
		for at := range r.groups {
			held = held || at.name == name
		}
		if revision.State == fleet.Drained && !held && (revision.URL != "" || revision.Deleting || r.Now.Sub(revision.DrainedAt) > fleet.DrainTime+sweep) {
			r.wrongf("the record of revision %s is left over: URL %q, being deleted: %t", name, revision.URL, revision.Deleting)
		}
	}
	if have := r.TemplateCount - foreignTemplates; have != recorded {
		r.wrongf("there are %d instance templates of ours; %d are recorded", have, recorded)
	}
	for base, template := range r.Templates {
		configured := slices.ContainsFunc(pools, func(p Pool) bool { return p.BaseName == base })
		if !configured && template.ActiveRevision != "" {
			r.wrongf("template %s is active, and not configured", base)
		}
	}
	for _, orphan := range r.Orphans {
		r.wrongf("%s is still counted as an orphan", orphan)
	}
}

// instances: each record and each catalog entry has its VM; tombstones stay for
// a while.
func (r *rest) instances() {
	there := map[string]bool{}
	for _, vms := range r.groups {
		for _, vm := range vms {
			there[world.KeyOf(vm)] = true
		}
	}
	for key, i := range r.Instances {
		tombstone := i.State == fleet.Deleted && r.Now.Sub(i.DeletedAt) < fleet.TombstoneTime+sweep
		if there[key] == tombstone && !r.inDoubt(key) {
			r.wrongf("the record of %s is %s, and its VM is there: %t", key, i.State, there[key])
		}
		if !i.MissingSince.IsZero() {
			r.wrongf("%s counts as missing in the catalog", key)
		}
	}
	for key, machine := range r.Machines {
		if !there[key] {
			r.wrongf("the catalog has %s (%s), which does not exist", key, machine.State)
		}
	}
}

// waiting: nobody waits while there is a machine that would do, and nobody is
// to be told anything.
func (r *rest) waiting() {
	for _, lease := range r.Leases {
		if len(lease.Unsent) > 0 {
			r.wrongf("of the lease %s it is still to be told: %v", lease.RequestID, lease.Unsent)
		}
		if lease.Running() && !lease.Active(r.Now) {
			r.wrongf("the lease %s is over, and was not ended", lease.RequestID)
		}
		for _, machine := range r.Machines {
			if lease.State == leasing.Pending && lease.Wants(machine, r.Now) {
				r.wrongf("%s waits, though %s is free", lease.RequestID, machine.Hostname)
			}
		}
	}
}
