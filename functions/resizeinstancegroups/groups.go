package resizeinstancegroups

import (
	"context"
	"fmt"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// groups are the managers' groups as Compute Engine reports them.
type groups map[compute.GroupRef]compute.Group

// list lists the managers' groups with one aggregated list per project.
func (r resizer) list(ctx context.Context, managers []records.Manager) (groups, error) {
	found, listed := groups{}, map[string]bool{}
	for _, manager := range managers {
		project := manager.Value.Project
		if manager.Value.URL == "" || listed[project] {
			continue
		}
		listed[project] = true
		list, err := r.Compute.Groups(ctx, project)
		if err != nil {
			return nil, fmt.Errorf("list the groups of project %s: %w", project, err)
		}
		for _, group := range list {
			found[group.GroupRef] = group
		}
	}
	return found, nil
}

// each asks for the managers' groups one by one.
func (r resizer) each(ctx context.Context, managers []records.Manager) (groups, error) {
	found := groups{}
	for _, manager := range managers {
		m := manager.Value
		if m.URL == "" || r.Scope.Zone != "" && r.Scope.Zone != m.Zone {
			continue
		}
		group, err := r.Compute.Group(ctx, refOf(m))
		if err != nil && !failure.Is(err, failure.NotFound) {
			return nil, fmt.Errorf("look at group %s in %s: %w", m.GroupName(), m.Zone, err)
		}
		if err == nil {
			found[group.GroupRef] = group
		}
	}
	return found, nil
}

// sizing returns everything that a manager's size depends on, except its
// instances. all contains the managers of the template's other revisions.
func (r resizer) sizing(m fleet.Manager, all []records.Manager, groups groups) fleet.Sizing {
	s := fleet.Sizing{Minimum: m.MinimumSize, Maximum: m.MaximumSize, Group: countsOf(groups[refOf(m)])}
	for _, other := range all {
		if o := other.Value; o.BaseName == m.BaseName && o.Zone == m.Zone && o.Revision != m.Revision {
			s.Others += o.Expected(countsOf(groups[refOf(o)]), r.Now())
		}
	}
	return s
}

// groupGone forgets the URL of a group that was deleted behind our back, so
// that it is created again.
func (r resizer) groupGone(ctx context.Context, m fleet.Manager) error {
	_, err := r.Compute.Group(ctx, refOf(m))
	if !failure.Is(err, failure.NotFound) {
		return err // the group exists after all, or the call failed
	}
	forgot, err := r.Records.ChangeManager(ctx, m.Key(), func(now fleet.Manager) (fleet.Manager, bool) {
		if now.State != fleet.Active || now.URL != m.URL || now.URL == "" {
			return now, false // a drained manager's group may be gone because we delete it
		}
		return now.WithoutGroup(), true
	})
	if forgot {
		r.Log.Warn("group "+m.GroupName()+" is gone although no job deleted it; it will be created again", append(job.ManagerAttrs(m.Key()),
			"next", "create-instance-group-managers creates it at its next tick")...)
	}
	return err
}

func countsOf(group compute.Group) fleet.Counts {
	counts := fleet.Counts{Target: group.TargetSize, Total: group.TargetSize}
	if group.Actions != nil {
		counts.Idle, counts.Deleting, counts.Total = group.Actions.None, group.Actions.Deleting+group.Actions.Abandoning, group.Actions.Total()
	}
	return counts
}

// oldest picks the n instances that were found first.
func oldest(items []records.Instance, n int) []records.Instance {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b records.Instance) int { return a.Value.FoundAt.Compare(b.Value.FoundAt) })
	return items[:min(n, len(items))]
}

// report logs the line about the pool, once per sweep. The dashboard and the
// alert on pools below their minimum are built on it.
func (r resizer) report(ctx context.Context, m fleet.Manager, s fleet.Sizing) error {
	if !r.Scope.Sweep() {
		return nil
	}
	cataloged, err := r.Records.CountOf(ctx, m.Key(), fleet.Cataloged)
	if err != nil {
		return err
	}
	r.Log.Info("pool "+m.Key().String(), append(job.ManagerAttrs(m.Key()), "event", "POOL", "project", m.Project,
		"wanted", s.Wanted(), "running", s.Group.Idle, "cataloged", cataloged, "leased", s.Leased, "minimum", m.MinimumSize,
		"maximum", m.MaximumSize, "draining", s.Others, "deficit", max(m.MinimumSize-s.Group.Idle, 0))...)
	return nil
}
