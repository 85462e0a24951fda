// Package resizeinstancegroups is the job resize-instance-groups: it raises
// each active group to the size that its leases, its limits and the VMs of the
// template's other revisions ask for, and takes surplus machines out through
// the catalog. A resize never lowers a target size.
//
// Triggered by config-processed, managers-created and whatever changes the
// count of machines, and each minute; announces groups-resized and
// instances-marked.
package resizeinstancegroups

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/compute"
	"github.com/gce-backend/gce-backend/shared/entities"
	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/offer"
)

// Job is resize-instance-groups.
var Job = job.Job{Name: "resize-instance-groups", New: New}

// New makes the job's handler.
func New(d job.Dependencies) job.Handler {
	return func(ctx context.Context, run job.Run) error {
		r := resizer{d: d, run: run, e: entities.Entities{Store: d.Store, Log: run.Log}}
		return r.resize(ctx)
	}
}

// resizer is one run of the job.
type resizer struct {
	d   job.Dependencies
	run job.Run
	e   entities.Entities
}

func (r resizer) resize(ctx context.Context) error {
	managers, err := r.e.ManagersFor(ctx, r.run.Scope.BaseName, "", "") // others of its template count too
	if err != nil || len(managers) == 0 {
		return err
	}
	settings, err := r.d.Settings(ctx)
	if err != nil {
		return err
	}
	active := r.inScope(job.Thaw(r.run, settings.Freeze, managers, func(m entities.Manager) string { return m.Value.BaseName }))
	if len(active) == 0 {
		return nil
	}
	groups, err := r.look(ctx, managers)
	if err != nil {
		return err
	}
	anyLeased := true
	if r.run.Scope.Sweep() { // one count in place of one per manager, while nothing is leased
		leased, err := r.e.CountIn(ctx, fleet.Leased)
		if err != nil {
			return err
		}
		anyLeased = leased > 0
	}
	return job.Joined(job.Each(ctx, r.d, active, func(ctx context.Context, manager entities.Manager) error {
		m := manager.Value
		if err := r.one(ctx, m, managers, groups, anyLeased); err != nil {
			return job.About(fmt.Errorf("resize group %s in %s: %w", m.GroupName(), m.Zone, err), job.ManagerAttrs(m.Key())...)
		}
		return nil
	})...)
}

func (r resizer) inScope(managers []entities.Manager) []entities.Manager {
	var active []entities.Manager
	for _, manager := range managers {
		m := manager.Value
		if m.State == fleet.Active && m.URL != "" && job.Covers(r.run.Scope, m.Key()) {
			active = append(active, manager)
		}
	}
	return active
}

func (r resizer) one(ctx context.Context, m fleet.Manager, all []entities.Manager, groups groups, anyLeased bool) error {
	group, ok := groups[refOf(m)]
	if !ok {
		return r.groupGone(ctx, m)
	}
	if group.Actions == nil {
		r.run.Log.Warn("Compute Engine did not say what the group's VMs are doing; leaving its size", job.ManagerAttrs(m.Key())...)
		return nil
	}
	sizing := fleet.Sizing{Minimum: m.MinimumSize, Maximum: m.MaximumSize, Group: countsOf(group)}
	for _, other := range all {
		if o := other.Value; o.BaseName == m.BaseName && o.Zone == m.Zone && o.Revision != m.Revision {
			sizing.Others += o.Expected(countsOf(groups[refOf(o)]), r.d.Now())
		}
	}
	if anyLeased {
		leased, err := r.e.CountOf(ctx, m.Key(), fleet.Leased)
		if err != nil {
			return err
		}
		sizing.Leased = leased
	}
	if err := r.report(ctx, m, sizing); err != nil {
		return err
	}
	if err := r.grow(ctx, m, sizing); err != nil {
		return err
	}
	return r.shrink(ctx, m, sizing)
}

// grow raises the group's target size. Of several runs at once the one that
// wins the claim calls; it looks again right before, because people resize
// too.
func (r resizer) grow(ctx context.Context, m fleet.Manager, sizing fleet.Sizing) error {
	target, ok := sizing.Target()
	if !ok {
		return nil
	}
	claimed, err := r.e.ChangeManager(ctx, m.Key(), func(now fleet.Manager) (fleet.Manager, bool) {
		if now.State != fleet.Active || now.URL != m.URL || now.Claim.Held(sizing.Group.Target, r.d.Now()) {
			return now, false
		}
		now.Claim = fleet.ResizeClaim{Target: target, At: r.d.Now()}
		return now, true
	})
	if err != nil || !claimed {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, claimWork)
	defer cancel()
	sent, err := r.raise(ctx, m, sizing)
	if !sent || !failure.Is(err, failure.Transient) { // else it is not known whether it was done, and the claim stands
		err = job.Joined(err, r.unclaim(ctx, m, target))
	}
	if err != nil || !sent {
		return err
	}
	return r.d.Announce(ctx, "groups-resized", job.ManagerScope(m.Key()))
}

// raise calls, as the one that holds the claim; sent tells whether it did. The
// size is decided anew by what the group is now.
func (r resizer) raise(ctx context.Context, m fleet.Manager, sizing fleet.Sizing) (sent bool, err error) {
	group, err := r.d.Compute.Group(ctx, refOf(m))
	if err != nil || group.Actions == nil {
		return false, err
	}
	sizing.Group = countsOf(group)
	target, ok := sizing.Target()
	if !ok {
		return false, nil
	}
	request := fleet.RequestID("resize group", r.d.Deployment, m.Project, m.Zone, m.GroupName(), fmt.Sprint(group.TargetSize, target, r.d.Now().UnixMicro()))
	if err := r.d.Compute.ResizeGroup(ctx, refOf(m), target, request); err != nil {
		return true, err
	}
	r.run.Log.Info(fmt.Sprintf("resized group %s in %s from %d to %d", m.GroupName(), m.Zone, group.TargetSize, target),
		append(job.ManagerAttrs(m.Key()), "target", target)...)
	return true, nil
}

// shrink takes surplus machines out: the oldest of those that nobody leases.
func (r resizer) shrink(ctx context.Context, m fleet.Manager, sizing fleet.Sizing) error {
	if sizing.Group.Total <= sizing.Wanted() {
		return nil
	}
	cataloged, err := r.e.CountOf(ctx, m.Key(), fleet.Cataloged)
	if err != nil {
		return err
	}
	surplus := sizing.Surplus(cataloged)
	if surplus == 0 {
		return nil
	}
	idle, err := r.e.InstancesOf(ctx, m.Key(), fleet.Cataloged)
	if err != nil {
		return err
	}
	protocol := offer.Protocol{Entities: r.e, Catalog: r.d.Catalog, Now: r.d.Now, Log: r.run.Log}
	outcome, err := protocol.Withdraw(ctx, oldest(idle, surplus), offer.Withdrawal{Reason: "surplus"})
	r.run.Life(job.DeletionProposed, outcome.Withdrawn...)
	if len(outcome.Withdrawn) == 0 {
		return err
	}
	return job.Joined(err, r.d.Announce(ctx, "instances-marked", job.ManagerScope(m.Key())))
}

func refOf(m fleet.Manager) compute.GroupRef {
	return compute.GroupRef{Project: m.Project, Zone: m.Zone, Name: m.GroupName()}
}
