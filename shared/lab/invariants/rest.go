package invariants

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// sweep is the time between two sweeps: a record may stay that much longer than
// its time.
const sweep = time.Minute

// Configured is the configuration that a view is compared with.
type Configured struct {
	Images map[string]string // by the template's base name
	Sizes  map[fleet.PoolKey]fleet.Sizes
}

// rest compares a view with the configuration.
type rest struct {
	View
	groups map[group]*members
	wrong  []string
}

type group struct{ zone, name string }

// members are a group's target and VMs.
type members struct {
	target int
	vms    []simulator.VM
}

// Differences lists every difference between the view and the configuration. It
// returns none once the system is at rest.
func (v View) Differences(configured Configured) []string {
	r := &rest{View: v, groups: map[group]*members{}}
	for _, g := range v.Groups {
		if !strings.HasPrefix(g.Name, Foreign) {
			r.groups[group{g.Zone, g.Name}] = &members{target: g.TargetSize}
			r.wrongIf(g.Deleting, "group %s in %s is being deleted", g.Name, g.Zone)
		}
	}
	for _, vm := range v.VMs {
		if its := r.groups[group{vm.Zone, vm.Group}]; its != nil {
			its.vms = append(its.vms, vm)
		}
	}
	for base, image := range configured.Images {
		r.template(base, image)
	}
	kept := map[group]bool{}
	for key, sizes := range configured.Sizes {
		at := group{key.Zone, fleet.TemplateName(key.BaseName, r.Templates[key.BaseName].ActiveRevision)}
		kept[at] = true
		r.group(at, key, sizes)
	}
	r.drained(kept)
	r.templates(configured.Images)
	r.instances()
	r.disks()
	r.leases()
	slices.Sort(r.wrong)
	return slices.Compact(r.wrong)
}

func (r *rest) wrongIf(wrong bool, format string, args ...any) {
	if wrong {
		r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
	}
}

// template checks that the configured revision is active and has its instance
// template.
func (r *rest) template(base, image string) {
	active := r.Templates[base].ActiveRevision
	is := r.Revisions[fleet.TemplateName(base, active)]
	r.wrongIf(is.State != fleet.Active || is.URL == "" || is.Spec.ImageName != image,
		"template %s is active as %q with %q, which is %q with URL %q; configured is %s", base, active, is.Spec.ImageName, is.State, is.URL, image)
}

// group checks a configured group: its size, and that each VM is up, recorded
// and cataloged.
func (r *rest) group(at group, key fleet.PoolKey, sizes fleet.Sizes) {
	m := r.Managers[fleet.ManagerKey{BaseName: key.BaseName, Revision: r.Templates[key.BaseName].ActiveRevision, Zone: key.Zone}]
	r.wrongIf(m.State != fleet.Active || m.URL == "" || m.MinimumSize != sizes.Minimum || m.MaximumSize != sizes.Maximum,
		"manager %s in %s is %q, %d to %d, with URL %q", at.name, at.zone, m.State, m.MinimumSize, m.MaximumSize, m.URL)
	its := r.groups[at]
	if its == nil {
		r.wrongIf(true, "group %s in %s is not there", at.name, at.zone)
		return
	}
	leased, doubtful := 0, 0
	for _, vm := range its.vms {
		switch {
		case r.vm(vm):
			leased++
		case r.inDoubt(KeyOf(vm)):
			doubtful++ // it may have no catalog entry to remove
		}
	}
	have := len(its.vms)
	mine := &fleet.Group{
		Manager:  fleet.Manager{MinimumSize: sizes.Minimum, MaximumSize: sizes.Maximum},
		Machines: fleet.Machines{Leased: leased}, Counts: fleet.Counts{Target: its.target, Idle: have, Total: have},
	}
	pool := fleet.Pool{PoolKey: key, Groups: []*fleet.Group{mine}}
	for other, its := range r.groups {
		if poolOf(other.zone, other.name) == key && other != at {
			pool.Groups = append(pool.Groups, &fleet.Group{Counts: fleet.Counts{Total: len(its.vms)}})
		}
	}
	sizing := pool.Sizing(mine, r.Now)
	target, more := sizing.Target()
	surplus := sizing.Surplus(have - leased - doubtful)
	r.wrongIf(more || surplus > 0 || its.target != have, "group %s in %s has %d VMs and target %d, for %d leases; it is to grow to %d, or to lose %d",
		at.name, at.zone, have, its.target, leased, target, surplus)
}

// vm checks that a VM is up, recorded and cataloged, and reports whether it is
// leased.
func (r *rest) vm(vm simulator.VM) bool {
	key := KeyOf(vm)
	record, recorded := r.Instances[key]
	machine, offered := r.Machines[key]
	switch {
	case r.inDoubt(key): // any state is allowed
	case vm.Status != "RUNNING" || vm.CurrentAction != "NONE":
		r.wrongIf(true, "VM %s is %q, %s", key, vm.Status, vm.CurrentAction)
	case !recorded:
		r.wrongIf(true, "VM %s has no record", key)
	case !offered:
		r.wrongIf(true, "VM %s is %s (offered: %s, missing: %s) and not in the catalog", key, record.State, record.CatalogedAt, record.MissingSince)
	case machine.State == leasing.OnLease && record.State != fleet.Leased, machine.State == leasing.Available && record.State != fleet.Cataloged:
		r.wrongIf(true, "VM %s is %s in its record and %s in the catalog", key, record.State, machine.State)
	case record.State == fleet.Leased && !record.LeaseExpiration.Equal(machine.LeaseExpiration):
		r.wrongIf(true, "VM %s is leased until %s in its record and until %s in the catalog", key, record.LeaseExpiration, machine.LeaseExpiration)
	}
	return offered && machine.State == leasing.OnLease
}

// drained checks that a group that is not configured has leased VMs only, and
// that no record of a drained manager is left over.
func (r *rest) drained(kept map[group]bool) {
	for at, its := range r.groups {
		if kept[at] {
			continue
		}
		r.wrongIf(len(its.vms) == 0 && !r.waits(at), "group %s in %s is left over", at.name, at.zone)
		for _, vm := range its.vms {
			r.wrongIf(!r.vm(vm) && !r.inDoubt(KeyOf(vm)), "VM %s of a group that is not configured is not leased", KeyOf(vm))
		}
	}
	for key, m := range r.Managers {
		r.wrongIf(m.State == fleet.Drained && r.groups[group{key.Zone, m.GroupName()}] == nil && r.over(m.URL, m.Deleting, m.DrainedAt),
			"the record of manager %s is left over: URL %q, being deleted: %t, drained at %s", key, m.URL, m.Deleting, m.DrainedAt)
	}
}

// over reports whether the record of a drained resource should be gone, given
// that the resource itself is gone.
func (r *rest) over(url string, deleting bool, drained time.Time) bool {
	return r.Late || url != "" || deleting || r.Now.Sub(drained) > fleet.DrainTime+sweep
}

// templates checks that each instance template has a record, that each drained
// revision still has a group, and that each template that is not configured
// still has a revision.
func (r *rest) templates(images map[string]string) {
	recorded, bases, grouped := 0, map[string]bool{}, map[string]bool{}
	for at := range r.groups {
		grouped[at.name] = true
	}
	for name, revision := range r.Revisions {
		bases[revision.BaseName] = true
		if revision.URL != "" {
			recorded++
		}
		r.wrongIf(revision.State == fleet.Drained && !grouped[name] && r.over(revision.URL, revision.Deleting, revision.DrainedAt),
			"the record of revision %s is left over: URL %q, being deleted: %t", name, revision.URL, revision.Deleting)
	}
	r.wrongIf(r.TemplateCount != recorded, "there are %d instance templates of ours; %d are recorded", r.TemplateCount, recorded)
	for base, template := range r.Templates {
		if _, configured := images[base]; !configured {
			r.wrongIf(template.ActiveRevision != "", "template %s is active, and not configured", base)
			r.wrongIf(!bases[base], "the record of template %s is left over", base)
		}
	}
	for orphan := range r.Orphans {
		r.wrongIf(true, "%s is still counted as an orphan", orphan)
	}
}

// instances checks that each record and each catalog entry has its VM. The
// record of a deleted instance may stay for a while.
func (r *rest) instances() {
	there := map[string]bool{}
	for _, its := range r.groups {
		for _, vm := range its.vms {
			there[KeyOf(vm)] = true
		}
	}
	for key, i := range r.Instances {
		tombstone := !r.Late && i.State == fleet.Deleted && r.Now.Sub(i.DeletedAt) < fleet.TombstoneTime+sweep
		r.wrongIf(there[key] == tombstone && !r.inDoubt(key), "the record of %s is %s, and its VM is there: %t", key, i.State, there[key])
		r.wrongIf(!i.MissingSince.IsZero(), "%s counts as missing in the catalog", key)
	}
	for key, machine := range r.Machines {
		r.wrongIf(!there[key], "the catalog has %s (%s), which does not exist", key, machine.State)
	}
}

// disks checks that each VM has its boot disk, and a disk from a snapshot if its
// template has one, and that no disk outlived its VM.
func (r *rest) disks() {
	wanted := 0
	for _, vm := range r.VMs {
		if vm.ID == 0 {
			continue
		}
		wanted++
		if r.Revisions[vm.Template].SnapshotURL != "" {
			wanted++
		}
	}
	r.wrongIf(r.Disks != wanted, "there are %d disks; the VMs have %d", r.Disks, wanted)
}

// leases checks that no request waits while a machine that would serve it is
// free, that all messages were sent, and that every expired lease was ended.
func (r *rest) leases() {
	for _, lease := range r.Leases {
		r.wrongIf(len(lease.Unsent) > 0, "of the lease %s it is still to be told: %v", lease.RequestID, lease.Unsent)
		r.wrongIf(lease.Running() && !lease.Active(r.Now), "the lease %s is over, and was not ended", lease.RequestID)
		if lease.State != leasing.Pending {
			continue
		}
		for _, machine := range r.Machines {
			r.wrongIf(lease.Wants(machine, r.Now), "%s waits, though %s is free", lease.RequestID, machine.Hostname)
		}
	}
}
