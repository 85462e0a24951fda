// Package resizeinstancegroups is the job resize-instance-groups: it raises
// each active group to the size that its leases, its limits and the VMs of the
// template's other revisions ask for, and takes surplus machines out through
// the catalog. A resize never lowers a target size.
//
// Triggered by config-processed, by managers-created, by every fact that
// changes the number of machines, and each minute; announces groups-resized and
// instances-marked.
package resizeinstancegroups

import (
	"context"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/spacing"
	"github.com/gce-backend/gce-backend/shared/records"
	"github.com/gce-backend/gce-backend/shared/records/offer"
)

// Job is resize-instance-groups.
var Job = job.Job{Name: "resize-instance-groups", New: newHandler}

// A group grows in steps as its VMs come up, and each step writes its manager's
// record twice. Steps are spaced for that reason, after a first burst.
const (
	stepSpacing = 4 * time.Second
	stepBurst   = 20
)

// newHandler makes the job's handler.
func newHandler(job.Dependencies) job.Handler {
	steps := &spacing.Limit{Every: stepSpacing, Burst: stepBurst}
	return func(ctx context.Context, run job.Run) error { return resizer{run, steps}.resize(ctx) }
}

// resizer is one run of the job.
type resizer struct {
	job.Run
	// steps spaces the steps by which each group grows.
	steps *spacing.Limit
}

func (r resizer) resize(ctx context.Context) error {
	// The template's other revisions in the same zone count too.
	managers, err := r.Records.ManagersFor(ctx, r.Scope.BaseName, "", r.Scope.Zone)
	if err != nil || len(managers) == 0 {
		return err
	}
	active := r.inScope(managers)
	if r.Scope.Sweep() {
		active, err = r.unfrozen(ctx, active...)
	}
	if err != nil || len(active) == 0 {
		return err
	}
	look, anyLeased := r.each, true
	if r.Scope.Sweep() { // one count in place of one per manager, while nothing is leased
		leased, err := r.Records.CountIn(ctx, fleet.Leased)
		if err != nil {
			return err
		}
		look, anyLeased = r.list, leased > 0
	}
	groups, err := look(ctx, managers)
	if err != nil {
		return err
	}
	return job.Each(ctx, r.Run, active, func(ctx context.Context, manager records.Manager) error {
		m := manager.Value
		if err := r.one(ctx, manager, managers, groups, anyLeased); err != nil {
			return job.About(fmt.Errorf("resize group %s in %s: %w", m.GroupName(), m.Zone, err), job.ManagerAttrs(m.Key())...)
		}
		return nil
	})
}

func (r resizer) inScope(managers []records.Manager) []records.Manager {
	var active []records.Manager
	for _, manager := range managers {
		m := manager.Value
		if m.State == fleet.Active && m.URL != "" && r.Covers(m.Key()) {
			active = append(active, manager)
		}
	}
	return active
}

// unfrozen returns the managers whose template is not frozen.
func (r resizer) unfrozen(ctx context.Context, managers ...records.Manager) ([]records.Manager, error) {
	return job.Unfrozen(ctx, r.Run, managers, func(m records.Manager) string { return m.Value.BaseName })
}

func (r resizer) one(ctx context.Context, manager records.Manager, all []records.Manager, groups groups, anyLeased bool) error {
	m := manager.Value
	group, ok := groups[refOf(m)]
	if !ok {
		return r.unlessFrozen(ctx, manager, func() error { return r.groupGone(ctx, m) })
	}
	if group.Actions == nil {
		r.Log.Warn("Compute Engine did not say what the group's VMs are doing; leaving its size", append(job.ManagerAttrs(m.Key()),
			"next", "checked again at the job's next tick")...)
		return nil
	}
	sizing := r.sizing(m, all, groups)
	if anyLeased {
		var err error
		if sizing.Leased, err = r.Records.CountOf(ctx, m.Key(), fleet.Leased); err != nil {
			return err
		}
	}
	if err := r.report(ctx, m, sizing); err != nil {
		return err
	}
	_, more := sizing.Target()
	if !more && !sizing.Over() {
		return nil
	}
	return r.unlessFrozen(ctx, manager, func() error {
		if more {
			var err error
			if sizing.Pending, err = r.Records.CountOf(ctx, m.Key(), fleet.PendingDeletion); err != nil {
				return err
			}
		}
		if err := r.grow(ctx, m, sizing); err != nil {
			return err
		}
		return r.shrink(ctx, m, sizing)
	})
}

// unlessFrozen calls act if the manager's template is not frozen. A run that is
// no sweep reads the settings only here, because most such runs have nothing to
// do.
func (r resizer) unlessFrozen(ctx context.Context, manager records.Manager, act func() error) error {
	if !r.Scope.Sweep() {
		if unfrozen, err := r.unfrozen(ctx, manager); err != nil || len(unfrozen) == 0 {
			return err
		}
	}
	return act()
}

// shrink takes surplus machines out: the oldest of those that nobody leases.
func (r resizer) shrink(ctx context.Context, m fleet.Manager, sizing fleet.Sizing) error {
	if !sizing.Over() {
		return nil
	}
	cataloged, err := r.Records.CountOf(ctx, m.Key(), fleet.Cataloged)
	if err != nil {
		return err
	}
	surplus := sizing.Surplus(cataloged)
	if surplus == 0 {
		return nil
	}
	idle, err := r.Records.InstancesOf(ctx, m.Key(), fleet.Cataloged)
	if err != nil {
		return err
	}
	outcome, err := r.Offers.Withdraw(ctx, oldest(idle, surplus), offer.Withdrawal{Reason: "surplus"})
	r.Life(job.DeletionProposed, outcome.Withdrawn...)
	if len(outcome.Withdrawn) == 0 {
		return err
	}
	return job.Joined(err, r.Announce(ctx, "instances-marked", job.ManagerScope(m.Key())))
}

func refOf(m fleet.Manager) compute.GroupRef {
	return compute.GroupRef{Project: m.Project, Zone: m.Zone, Name: m.GroupName()}
}
