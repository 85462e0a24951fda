package resource

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

// Groups returns the kind of the managers' managed instance groups.
func Groups(run job.Run) Kind {
	e, read := run.Records, reader(ofManager)
	return Kind{
		run: run, name: "group", text: "group", until: "it is empty",
		missing: func(ctx context.Context) ([]Resource, error) { return read(e.ManagersToCreate(ctx)) },
		drained: func(ctx context.Context) ([]Resource, error) { return read(e.ManagersIn(ctx, fleet.Drained)) },
		all:     func(ctx context.Context) ([]Resource, error) { return read(e.Managers(ctx)) },
		every:   func(ctx context.Context) ([]Resource, error) { return read(e.EveryManager(ctx)) },
		change: func(ctx context.Context, r Resource, decide func(fleet.Resource) (fleet.Resource, bool)) (bool, error) {
			return e.ChangeManager(ctx, r.Key(), func(now fleet.Manager) (_ fleet.Manager, ok bool) {
				if now.Resource, ok = decide(now.Resource); ok && now.URL == "" {
					now = now.WithoutGroup()
				}
				return now, ok
			})
		},
		adopt: func(ctx context.Context, r Resource) (bool, error) {
			return e.AdoptManager(ctx, fleet.Manager{BaseName: r.BaseName, Revision: r.Revision, Zone: r.Zone, Project: r.Project, Resource: r.Resource})
		},
		get: func(ctx context.Context, r Resource) (Resource, error) {
			group, err := run.Compute.Group(ctx, r.Group())
			return ofGroup(group), err
		},
		list: func(ctx context.Context, project string) ([]Resource, error) {
			groups, err := run.Compute.Groups(ctx, project)
			return convert(groups, ofGroup), err
		},
		remove: func(ctx context.Context, r Resource, by string) error {
			return run.Compute.DeleteGroup(ctx, r.Group(), fleet.RequestID("delete group", run.Deployment, r.Project, r.Zone, r.Name, by))
		},
	}
}

// Group returns the resource's reference as a group.
func (r Resource) Group() compute.GroupRef {
	return compute.GroupRef{Project: r.Project, Zone: r.Zone, Name: r.Name}
}

func ofManager(m fleet.Manager) Resource {
	return Resource{Project: m.Project, Zone: m.Zone, Name: m.GroupName(), BaseName: m.BaseName, Revision: m.Revision, Resource: m.Resource}
}

func ofGroup(g compute.Group) Resource {
	return Resource{Project: g.Project, Zone: g.Zone, Name: g.Name, Resource: fleet.Resource{URL: g.URL}, Labels: g.Labels, TargetSize: g.TargetSize}
}
