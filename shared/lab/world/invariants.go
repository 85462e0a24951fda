package world

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// What always holds.
const (
	LeasedStays    = "no leased machine is deleted or taken out of the catalog by us"
	OneLessee      = "no machine has two lessees"
	WithinMaximum  = "the VMs of a template in a zone never exceed its maximum"
	NeverLowered   = "no resize lowers a target"
	OnlyOurs       = "nothing without our ownership label is touched"
	ActiveStays    = "no deletion of a group or template that is active"
	KnownState     = "stored state is one that the state machine knows, and changes as it says"
	DeletedForGood = "no VM id that was deleted becomes leasable again"
	NoPanic        = "no panic"
	WholeConfig    = "half of an upload is never in force"
	FrozenStays    = "a frozen pool is left as it is"
	BrakeHolds     = "a Machine Provider that knows nothing costs no more than the brake's share"
)

// What holds once faults stop.
const (
	Converges = "the world equals the configuration"
	Quiet     = "a further sweep changes and writes nothing"
)

// Violation is a broken invariant.
type Violation struct{ Invariant, Detail string }

func (v *Violation) Error() string { return v.Invariant + ": " + v.Detail }

// Broken is the first invariant that was broken; nil while all hold.
func (w *World) Broken() *Violation { return w.broken }

// Break records that an invariant does not hold.
func (w *World) Break(invariant, detail string) {
	if w.broken != nil {
		return
	}
	w.Note("BROKEN %s", invariant+": "+detail)
	w.broken = &Violation{Invariant: invariant, Detail: detail}
}

// check counts that an invariant was looked at.
func (w *World) check(invariant string) { w.Stats.Checked[invariant]++ }

// check looks at what a commit did to the catalog.
func (c *commit) check() {
	for key, was := range c.before {
		is, there := c.world.mirror.machines[key]
		c.leasedStays(was, is, there)
		if there {
			c.world.leasable(was, is)
		}
	}
	for _, lease := range c.began {
		c.world.oneLessee(lease.Instance())
	}
	for _, lease := range c.ended {
		c.world.endedRightly(lease)
	}
}

// leasedStays: a machine loses its lease only when that ends in the same step.
func (c *commit) leasedStays(was, is leasing.Machine, there bool) {
	if was.State != leasing.OnLease {
		return
	}
	c.world.check(LeasedStays)
	if there && is.State == leasing.OnLease && is.Lease == was.Lease {
		return
	}
	if slices.ContainsFunc(c.ended, func(l leasing.Lease) bool { return l.Hostname == was.Hostname }) {
		return
	}
	c.world.Break(LeasedStays, was.Hostname+" left the catalog while "+was.Lease+" holds it")
}

// endedRightly: we end a lease only when its time is over, or its VM is.
func (w *World) endedRightly(lease leasing.Lease) {
	w.check(LeasedStays)
	switch lease.Ending {
	case leasing.Expired:
		if lease.ExpiresAt.IsZero() || lease.ExpiresAt.After(w.clock.Add(w.apart())) {
			w.Break(LeasedStays, fmt.Sprintf("the lease of %s was ended as expired, and runs until %s", lease.Hostname, lease.ExpiresAt))
		}
	case leasing.Gone:
		for _, vm := range w.Cloud.VMs() {
			if KeyOf(vm) == lease.Instance() && vm.Status == "RUNNING" {
				w.Break(LeasedStays, fmt.Sprintf("the lease of %s was ended, as if its VM were gone", lease.Hostname))
			}
		}
	}
}

func (w *World) oneLessee(instance string) {
	w.check(OneLessee)
	if len(w.mirror.holders[instance]) < 2 {
		return
	}
	var by []string
	for key := range w.mirror.holders[instance] {
		by = append(by, w.mirror.leases[key].RequestID)
	}
	slices.Sort(by)
	w.Break(OneLessee, instance+" is leased by "+strings.Join(by, " and "))
}

// leasable: what becomes leasable was never deleted.
func (w *World) leasable(was, is leasing.Machine) {
	if was.State == leasing.Available || is.State != leasing.Available {
		return
	}
	w.check(DeletedForGood)
	key := is.Policies.Instance()
	if i, ok := w.mirror.instances[key]; ok && (i.State == fleet.Deleted || i.State == fleet.PendingDeletion && !i.DeletionRequested.IsZero()) {
		w.Break(DeletedForGood, fmt.Sprintf("%s becomes leasable, though it is %s", key, i.State))
	}
}

var successors = map[fleet.InstanceState][]fleet.InstanceState{
	"":                    {fleet.Found},
	fleet.Found:           {fleet.Found, fleet.Cataloged, fleet.Leased, fleet.PendingDeletion},
	fleet.Cataloged:       {fleet.Cataloged, fleet.Found, fleet.Leased, fleet.PendingDeletion},
	fleet.Leased:          {fleet.Leased, fleet.Cataloged, fleet.PendingDeletion},
	fleet.PendingDeletion: {fleet.PendingDeletion, fleet.Leased, fleet.Deleted},
	fleet.Deleted:         {},
}

func (w *World) checkInstance(key string, was, is fleet.Instance, there bool) {
	w.check(KnownState)
	switch {
	case !there:
		if was.State != fleet.Deleted {
			w.Break(KnownState, fmt.Sprintf("the record of %s is removed while it is %q", key, was.State))
		} else if was.DeletedAt.Add(fleet.TombstoneTime).After(w.clock.Add(w.apart())) {
			w.Break(DeletedForGood, "the tombstone of "+key+" is removed too early")
		}
		return
	case !slices.Contains(successors[was.State], is.State):
		w.Break(KnownState, fmt.Sprintf("%s goes from %q to %q", key, was.State, is.State))
	case was.State == fleet.PendingDeletion && is.State == fleet.Leased && !was.DeletionRequested.IsZero():
		w.Break(KnownState, key+" is leased again, though its deletion was asked for")
	case is.State != fleet.Leased && (is.LeasedIndefinitely || !is.LeaseExpiration.IsZero()):
		w.Break(KnownState, fmt.Sprintf("%s is %q and has a lease", key, is.State))
	case is.State == fleet.Leased && !is.LeasedIndefinitely && is.LeaseExpiration.IsZero():
		w.Break(KnownState, key+" is leased and has no lease")
	case key != is.Key():
		w.Break(KnownState, key+" holds the record of "+is.Key())
	}
	if is.State == fleet.PendingDeletion && !is.DeletionRequested.IsZero() || is.State == fleet.Deleted {
		w.check(DeletedForGood)
		if m, offered := w.offered(key); offered && m.State == leasing.Available {
			w.Break(DeletedForGood, fmt.Sprintf("%s is %s and can be leased", key, is.State))
		}
	}
}

func (w *World) checkManager(key fleet.ManagerKey, is fleet.Manager, there bool) {
	w.check(KnownState)
	if there && (is.State != fleet.Active && is.State != fleet.Drained || is.State == fleet.Active && is.Deleting) {
		w.Break(KnownState, fmt.Sprintf("manager %s is %q, deleting %t", key, is.State, is.Deleting))
	}
	if !there || is.State != fleet.Active || is.URL == "" {
		return
	}
	w.check(ActiveStays)
	for _, group := range w.Cloud.State().Groups {
		if group.Zone == key.Zone && group.Name == is.GroupName() && group.Deleting && !w.users.deleted[[2]string{group.Zone, group.Name}] {
			w.Break(ActiveStays, fmt.Sprintf("manager %s is active while its group is being deleted", key))
		}
	}
}
