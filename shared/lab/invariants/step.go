package invariants

import (
	"slices"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Step checks the records that changed, and everything that lessees hold. before
// holds the previous state of each changed record, the zero value for a new one.
func (v View) Step(before Records) Findings {
	j := newJudge(v)
	for key, was := range before.Instances {
		if is, there := j.Instances[key]; there {
			j.instance(key, was, is)
		} else if was.State != "" {
			j.removed(key, was)
		}
	}
	for key, was := range before.Machines {
		j.machine(key, was)
	}
	j.leases(before.Leases)
	for key := range before.Managers {
		if is, there := j.Managers[key]; there {
			j.manager(key, is)
		}
	}
	for name := range before.Revisions {
		if is, there := j.Revisions[name]; there {
			j.holds(KnownState, is.State == fleet.Active && !is.Deleting || is.State == fleet.Drained,
				"revision %s is %q, being deleted: %t", name, is.State, is.Deleting)
		}
	}
	for _, h := range j.Held {
		j.held(h)
	}
	// With EveryCommit, each request that makes a VM was checked instead: leased
	// VMs may exceed a lowered maximum.
	if !j.EveryCommit {
		j.sizes()
	}
	return j.found()
}

// asked stands for the state of an instance whose deletion was requested from
// Compute Engine.
const asked fleet.InstanceState = "pendingDeletion, asked for"

// successors are the states that one commit may lead to.
var successors = map[fleet.InstanceState][]fleet.InstanceState{
	"":                    {fleet.Found},
	fleet.Found:           {fleet.Found, fleet.Cataloged, fleet.Leased, fleet.PendingDeletion},
	fleet.Cataloged:       {fleet.Cataloged, fleet.Found, fleet.Leased, fleet.PendingDeletion},
	fleet.Leased:          {fleet.Leased, fleet.Cataloged, fleet.PendingDeletion},
	fleet.PendingDeletion: {fleet.PendingDeletion, fleet.Leased, asked, fleet.Deleted},
	asked:                 {asked, fleet.Deleted},
	fleet.Deleted:         {},
}

func stateOf(i fleet.Instance) fleet.InstanceState {
	if i.State == fleet.PendingDeletion && !i.DeletionRequested.IsZero() {
		return asked
	}
	return i.State
}

// follows reports whether a state may be seen after another one.
func (v View) follows(was, is fleet.InstanceState) bool {
	if v.EveryCommit {
		return slices.Contains(successors[was], is)
	}
	reached := []fleet.InstanceState{was}
	for i := 0; i < len(reached); i++ {
		for _, next := range successors[reached[i]] {
			if !slices.Contains(reached, next) {
				reached = append(reached, next)
			}
		}
	}
	return is != "" && slices.Contains(reached, is)
}

func (j *judge) instance(key string, was, is fleet.Instance) {
	j.holds(KnownState, j.follows(stateOf(was), stateOf(is)), "%s goes from %q to %q", key, stateOf(was), stateOf(is))
	leased := is.LeasedIndefinitely || !is.LeaseExpiration.IsZero()
	j.holds(KnownState, leased == (is.State == fleet.Leased), "%s is %q, with a lease: %t", key, is.State, leased)
	j.holds(KnownState, key == is.Key(), "%s holds the record of %s", key, is.Key())
	j.notLeasable(key)
}

// notLeasable checks that an instance that is deleted, or that Compute Engine was
// asked to delete, cannot be leased.
func (j *judge) notLeasable(key string) {
	if i := j.Instances[key]; i.State == fleet.Deleted || stateOf(i) == asked {
		j.holds(DeletedForGood, j.Machines[key].State != leasing.Available, "%s is %q and can be leased", key, i.State)
	}
}

// removed checks that a record is removed only after its time as a tombstone,
// which is far longer than a step.
func (j *judge) removed(key string, was fleet.Instance) {
	over := was.State == fleet.Deleted && !was.DeletedAt.Add(fleet.TombstoneTime).After(j.Now.Add(j.Apart))
	j.holds(DeletedForGood, over, "the record of %s is removed; it was %q", key, was.State)
}

// machine checks that a machine loses its lease only when the lease ends.
func (j *judge) machine(key string, was leasing.Machine) {
	is := j.Machines[key]
	if was.State == leasing.OnLease && (is.State != leasing.OnLease || is.Lease != was.Lease) {
		j.holds(LeasedStays, !j.Leases[was.Lease].Running(), "%s left the catalog while %s holds it", key, was.Lease)
	}
	if is.State == leasing.OnLease {
		j.onLease(key, is)
	}
	j.notLeasable(key)
}

// onLease checks that a machine on lease has a lease that has not ended. Where
// commits pass unseen, the lease may have ended after the machine was read.
func (j *judge) onLease(key string, machine leasing.Machine) {
	if j.EveryCommit {
		lease := j.Leases[machine.Lease]
		j.holds(LeasedStays, lease.Running() && lease.Instance() == key, "%s is on the lease %s, which is %s of %q, ended: %q",
			key, machine.Lease, lease.State, lease.Instance(), lease.Ending)
	}
}

func (j *judge) leases(before map[string]leasing.Lease) {
	began := map[string]bool{}
	for hash, was := range before {
		is, there := j.Leases[hash]
		j.holds(LeasedStays, there || !was.Running(), "the lease %s runs, and its record is removed", hash)
		if is.Running() && !was.Running() {
			began[is.Instance()] = true
		}
		if was.EndedAt.IsZero() && !is.EndedAt.IsZero() {
			j.endedRightly(is)
		}
		if machine := j.Machines[was.Instance()]; was.Running() && machine.State == leasing.OnLease {
			j.onLease(was.Instance(), machine)
		}
	}
	if len(began) > 0 {
		j.oneLessee(began)
	}
}

func (j *judge) oneLessee(began map[string]bool) {
	holders := map[string]string{}
	for _, lease := range j.Leases {
		if instance := lease.Instance(); lease.Running() && began[instance] {
			other, taken := holders[instance]
			j.holds(OneLessee, !taken, "%s is leased by %s and %s", instance, min(other, lease.RequestID), max(other, lease.RequestID))
			holders[instance] = lease.RequestID
		}
	}
}

// endedRightly checks that we end a lease only when its time is over or its VM is
// gone.
func (j *judge) endedRightly(lease leasing.Lease) {
	switch lease.Ending {
	case leasing.Expired:
		j.holds(LeasedStays, !lease.ExpiresAt.IsZero() && !lease.ExpiresAt.After(lease.EndedAt) && !lease.EndedAt.After(j.Now.Add(j.Apart)),
			"the lease %s of %s was ended as expired at %s, and runs until %s", lease.RequestID, lease.Hostname, lease.EndedAt, lease.ExpiresAt)
	case leasing.Gone:
		j.holds(LeasedStays, !j.up(lease.Instance()), "the lease %s of %s was ended, as if its VM were gone", lease.RequestID, lease.Instance())
	}
}

// up reports whether an instance's VM runs.
func (v View) up(key string) bool {
	for _, vm := range v.VMs {
		if KeyOf(vm) == key {
			return vm.Status == "RUNNING"
		}
	}
	return false
}

// held checks that a lessee has what it was given, in the records and in Compute
// Engine.
func (j *judge) held(h Holding) {
	lease, machine := j.Leases[h.Hash], j.Machines[h.Instance]
	j.holds(LeasedStays, lease.Running() && lease.Instance() == h.Instance && lease.Hostname == h.Hostname,
		"%s holds %s, and its lease is %s of %q, ended: %q", h.Request, h.Instance, lease.State, lease.Instance(), lease.Ending)
	j.holds(LeasedStays, machine.State == leasing.OnLease && machine.Lease == h.Hash,
		"%s holds %s, and the catalog has it as %q of lease %q", h.Request, h.Instance, machine.State, machine.Lease)
	there := false
	for _, vm := range j.VMs {
		there = there || KeyOf(vm) == h.Instance && vm.CurrentAction == "NONE" && vm.Status == "RUNNING"
	}
	j.holds(LeasedStays, there, "%s holds %s, and there is no such VM up", h.Request, h.Instance)
}

// sizes checks the number of VMs of all revisions of a template.
func (j *judge) sizes() {
	counts := map[fleet.PoolKey]int{}
	for _, vm := range j.VMs {
		if _, _, ours := fleet.SplitTemplateName(vm.Group); ours {
			counts[poolOf(vm.Zone, vm.Group)]++
		}
	}
	for pool, n := range counts {
		if most, configured := j.Maxima[pool]; configured { // an unconfigured pool is somebody else's
			j.holds(WithinMaximum, n <= most, "there are %d VMs of %s in %s; the maximum is %d", n, pool.BaseName, pool.Zone, most)
		}
	}
}

// manager checks that an active manager and its group are not being deleted.
func (j *judge) manager(key fleet.ManagerKey, is fleet.Manager) {
	j.holds(KnownState, is.State == fleet.Active && !is.Deleting || is.State == fleet.Drained, "manager %s is %q, being deleted: %t", key, is.State, is.Deleting)
	if is.State != fleet.Active || is.URL == "" {
		return
	}
	for _, group := range j.Groups {
		if group.Zone == key.Zone && group.Name == is.GroupName() {
			j.holds(ActiveStays, !group.Deleting || j.ByHand[[2]string{group.Zone, group.Name}], "manager %s is active while its group is being deleted", key)
		}
	}
}
