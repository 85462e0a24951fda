// Package deleteinstancegroupmanagers is the job
// delete-instance-group-managers: it deletes the group of each drained manager
// that has no instances any more, and groups of ours that no record accounts
// for.
//
// Triggered by instances-deleted, by config-processed (a group that never had
// any) and each minute; announces managers-deleted.
package deleteinstancegroupmanagers

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/orphan"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is delete-instance-group-managers.
var Job = job.Job{Name: "delete-instance-group-managers", New: job.Stateless(sweep)}

// deleter is one run of the job.
type deleter struct {
	d   job.Dependencies
	run job.Run
	e   records.Records
}

func sweep(ctx context.Context, d job.Dependencies, run job.Run) error {
	r := deleter{d: d, run: run, e: records.Records{Store: d.Store, Log: run.Log}}
	orphans := r.run.Scope.Sweep() && orphan.Due(r.d.Now())
	managers, err := r.managers(ctx, orphans)
	if err != nil || len(managers) == 0 && !orphans {
		return err
	}
	settings, err := r.d.Settings(ctx)
	if err != nil {
		return err
	}
	unfrozen := job.WithoutFrozen(r.run, settings.Freeze, managers, func(m records.Manager) string { return m.Value.BaseName })
	errs := job.Each(ctx, r.d, unfrozen, func(ctx context.Context, manager records.Manager) error {
		m := manager.Value
		if m.State != fleet.Drained || !job.Covers(r.run.Scope, m.Key()) {
			return nil
		}
		if m.URL == "" {
			return r.adopt(ctx, m)
		}
		if err := r.delete(ctx, m); err != nil {
			return job.About(fmt.Errorf("delete group %s in %s: %w", m.GroupName(), m.Zone, err), job.ManagerAttrs(m.Key())...)
		}
		return nil
	})
	if orphans && len(settings.Freeze) == 0 { // else it cannot be told whose an orphan was
		errs = append(errs, orphan.Sweep(ctx, r.d, r.run, recorded(managers), r.orphans()))
	}
	return job.Joined(errs...)
}

// managers reads the drained managers, and the others too where they are
// needed to tell orphans.
func (r deleter) managers(ctx context.Context, all bool) ([]records.Manager, error) {
	if all {
		return r.e.Managers(ctx)
	}
	return r.e.ManagersIn(ctx, fleet.Drained)
}

// delete deletes a group that has no instances, neither records nor VMs, some
// time after it was drained: a configuration may be taken back. The
// manager is claimed for it first, as long as it is still drained: from then
// on it cannot become active until the claim is given back, and only this run
// may ask for the deletion. That it is empty is looked at again under the
// claim.
func (r deleter) delete(ctx context.Context, m fleet.Manager) error {
	if !m.Deletable(r.d.Now()) {
		return nil // drained a moment ago, or another run is at it
	}
	if empty, err := r.empty(ctx, m); err != nil || !empty {
		return err
	}
	by := fmt.Sprintf("%016x", r.d.Rand.Uint64())
	claimed, err := r.e.ChangeManager(ctx, m.Key(), func(now fleet.Manager) (_ fleet.Manager, ok bool) {
		now.Resource, ok = now.ClaimDeletion(m.URL, by, r.d.Now())
		return now, ok
	})
	if err != nil || !claimed {
		return err
	}
	gone, err := r.deleteClaimed(ctx, m, by)
	if err != nil && !compute.Refused(err) {
		return err // what became of it is not known: the claim runs out
	}
	_, ended := r.e.ChangeManager(ctx, m.Key(), func(now fleet.Manager) (_ fleet.Manager, ok bool) {
		if now.Resource, ok = now.EndDeletion(by, gone, false); ok && gone {
			now = now.WithoutGroup()
		}
		return now, ok
	})
	if err != nil || ended != nil || !gone {
		return job.Joined(err, ended)
	}
	r.run.Log.Info("deleted group "+m.GroupName(), job.ManagerAttrs(m.Key())...)
	return job.Joined(r.e.RemoveListing(ctx, m.Key()), r.d.Announce(ctx, "managers-deleted", job.ManagerScope(m.Key())))
}

// deleteClaimed asks for the deletion, while the claim is good for it. The
// request is as unique as the claim.
func (r deleter) deleteClaimed(ctx context.Context, m fleet.Manager, by string) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, fleet.ClaimWork)
	defer cancel()
	if empty, err := r.empty(ctx, m); err != nil || !empty {
		return false, err
	}
	ref := refOf(m)
	err = r.d.Compute.DeleteGroup(ctx, ref, fleet.RequestID("delete group", r.d.Deployment, ref.Project, ref.Zone, ref.Name, by))
	return err == nil || failure.Is(err, failure.NotFound), notFoundIsFine(err)
}

func notFoundIsFine(err error) error {
	if failure.Is(err, failure.NotFound) {
		return nil
	}
	return err
}

// adopt records the group of a drained manager that has none, where there is
// one: a run that was creating it was overtaken or killed. It then goes as any
// other does.
func (r deleter) adopt(ctx context.Context, m fleet.Manager) error {
	group, err := r.d.Compute.Group(ctx, refOf(m))
	if failure.Is(err, failure.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for group %s in %s: %w", m.GroupName(), m.Zone, err)
	}
	if group.Labels[compute.OwnershipLabel] != r.d.Deployment {
		return nil
	}
	_, err = r.e.ChangeManager(ctx, m.Key(), func(now fleet.Manager) (fleet.Manager, bool) {
		if now.State != fleet.Drained || now.URL != "" {
			return now, false
		}
		now.URL = group.URL
		return now, true
	})
	return err
}

// empty reports whether the group has neither live records nor VMs, nor any
// under way.
func (r deleter) empty(ctx context.Context, m fleet.Manager) (bool, error) {
	for _, state := range []fleet.InstanceState{fleet.Found, fleet.Cataloged, fleet.Leased, fleet.PendingDeletion} {
		if n, err := r.e.CountOf(ctx, m.Key(), state); err != nil || n > 0 {
			return false, err
		}
	}
	group, err := r.d.Compute.Group(ctx, refOf(m))
	if failure.Is(err, failure.NotFound) {
		return true, nil
	}
	if err != nil || group.Actions == nil || group.TargetSize > 0 || group.Actions.Total() > 0 {
		return false, err
	}
	vms, err := r.d.Compute.VMs(ctx, refOf(m))
	return err == nil && len(vms) == 0, err
}

func refOf(m fleet.Manager) compute.GroupRef {
	return compute.GroupRef{Project: m.Project, Zone: m.Zone, Name: m.GroupName()}
}
