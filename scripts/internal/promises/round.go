package promises

import (
	"maps"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/world"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// past is what one round leaves to the next.
type past struct {
	instances map[string]fleet.Instance
	ended     map[string]bool // leases that are over
}

func newPast() past {
	return past{instances: map[string]fleet.Instance{}, ended: map[string]bool{}}
}

func (j *judge) remember() past {
	m := newPast()
	maps.Copy(m.instances, j.Instances)
	for hash, lease := range j.Leases {
		m.ended[hash] = !lease.EndedAt.IsZero()
	}
	return m
}

// round looks at everything, and compares it with what was.
func (j *judge) round(was past) {
	for key, before := range was.instances {
		if _, there := j.Instances[key]; !there {
			j.removed(key, before)
		}
	}
	for key, is := range j.Instances {
		j.instance(key, was.instances[key], is)
	}
	j.oneLessee()
	for hash, lease := range j.Leases {
		if !was.ended[hash] && !lease.EndedAt.IsZero() {
			j.endedRightly(lease)
		}
	}
	for _, h := range j.Held {
		j.held(h)
	}
	j.sizes()
	j.managers()
}

// depth orders an instance's life by what cannot be undone. States of the same
// depth can follow each other in any order, over some that were not seen.
func depth(i fleet.Instance) int {
	switch {
	case i.State == fleet.Deleted:
		return 2
	case i.State == fleet.PendingDeletion && !i.DeletionRequested.IsZero():
		return 1
	}
	return 0
}

var states = map[fleet.InstanceState]bool{fleet.Found: true, fleet.Cataloged: true, fleet.Leased: true, fleet.PendingDeletion: true, fleet.Deleted: true}

func (j *judge) instance(key string, was, is fleet.Instance) {
	j.holds(world.KnownState, states[is.State], "%s is %q", key, is.State)
	j.holds(world.KnownState, depth(is) >= depth(was), "%s goes from %s (deletion asked for: %t) to %s", key, was.State, !was.DeletionRequested.IsZero(), is.State)
	leased := is.LeasedIndefinitely || !is.LeaseExpiration.IsZero()
	j.holds(world.KnownState, leased == (is.State == fleet.Leased), "%s is %s, with a lease: %t", key, is.State, leased)
	j.holds(world.KnownState, key == is.Key(), "%s holds the record of %s", key, is.Key())
	if depth(is) > 0 {
		machine, offered := j.Machines[key]
		j.holds(world.DeletedForGood, !offered || machine.State != leasing.Available, "%s is %s and can be leased", key, is.State)
	}
}

// removed: the time as a tombstone is far longer than a round, so that it was
// seen.
func (j *judge) removed(key string, was fleet.Instance) {
	over := was.State == fleet.Deleted && was.DeletedAt.Add(fleet.TombstoneTime).Before(j.Now)
	j.holds(world.DeletedForGood, over, "the record of %s is removed; it was %s", key, was.State)
}

func (j *judge) oneLessee() {
	holders := map[string]string{}
	for _, lease := range j.Leases {
		if !lease.Running() {
			continue
		}
		other, taken := holders[lease.Instance()]
		j.holds(world.OneLessee, !taken, "%s is leased by %s and %s", lease.Instance(), min(other, lease.RequestID), max(other, lease.RequestID))
		holders[lease.Instance()] = lease.RequestID
	}
}

// endedRightly: we end a lease only when its time is over, or its VM is.
func (j *judge) endedRightly(lease leasing.Lease) {
	if lease.Ending == leasing.Expired {
		j.holds(world.LeasedStays, !lease.ExpiresAt.IsZero() && !lease.ExpiresAt.After(lease.EndedAt),
			"the lease %s of %s was ended as expired at %s, and runs until %s", lease.RequestID, lease.Hostname, lease.EndedAt, lease.ExpiresAt)
	}
	if lease.Ending != leasing.Gone {
		return
	}
	up := false
	for _, vm := range j.VMs {
		up = up || world.KeyOf(vm) == lease.Instance() && vm.Status == "RUNNING"
	}
	j.holds(world.LeasedStays, !up, "the lease %s of %s was ended, as if its VM were gone", lease.RequestID, lease.Instance())
}

// held: what a lessee was given it has, in the records and in Compute Engine.
func (j *judge) held(h Holding) {
	lease, machine := j.Leases[h.Hash], j.Machines[h.Instance]
	j.holds(world.LeasedStays, lease.Running() && lease.Instance() == h.Instance && lease.Hostname == h.Hostname,
		"%s holds %s, and its lease is %s of %q, ended: %q", h.Request, h.Instance, lease.State, lease.Instance(), lease.Ending)
	j.holds(world.LeasedStays, machine.State == leasing.OnLease && machine.Lease == h.Hash,
		"%s holds %s, and the catalog has it as %q of lease %q", h.Request, h.Instance, machine.State, machine.Lease)
	there := false
	for _, vm := range j.VMs {
		there = there || world.KeyOf(vm) == h.Instance && vm.CurrentAction == "NONE" && vm.Status == "RUNNING"
	}
	j.holds(world.LeasedStays, there, "%s holds %s, and there is no such VM up", h.Request, h.Instance)
}

// sizes: the VMs that there are, of all revisions of a template.
func (j *judge) sizes() {
	counts := map[place]int{}
	for _, vm := range j.VMs {
		if _, _, ours := fleet.SplitTemplateName(vm.Group); ours {
			counts[placeOf(vm.Zone, vm.Group)]++
		}
	}
	for where, n := range counts {
		if most, configured := j.Maxima[where]; configured { // else it is somebody else's
			j.holds(world.WithinMaximum, n <= most, "there are %d VMs of %s in %s; the maximum is %d", n, where.BaseName, where.Zone, most)
		}
	}
}

// managers: what is active is not being deleted.
func (j *judge) managers() {
	for key, manager := range j.Managers {
		j.holds(world.KnownState, manager.State == fleet.Active && !manager.Deleting || manager.State == fleet.Drained,
			"manager %s is %q, being deleted: %t", key, manager.State, manager.Deleting)
	}
	for name, revision := range j.Revisions {
		j.holds(world.KnownState, revision.State == fleet.Active && !revision.Deleting || revision.State == fleet.Drained,
			"revision %s is %q, being deleted: %t", name, revision.State, revision.Deleting)
	}
}
