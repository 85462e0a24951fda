package deleteinstancegroupmanagers

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job/orphan"
	"github.com/gce-backend/gce-backend/shared/records"
)

// orphans are groups that carry our label and that no manager accounts for.
func (r deleter) orphans() orphan.Kind {
	return orphan.Kind{
		Name: "group", Text: "group", Until: "it is empty",
		List: func(ctx context.Context, project string) ([]orphan.Resource, error) {
			groups, err := r.d.Compute.Groups(ctx, project)
			found := make([]orphan.Resource, len(groups))
			for i, g := range groups {
				found[i] = orphan.Resource{Project: g.Project, Zone: g.Zone, Name: g.Name, URL: g.URL, Labels: g.Labels}
			}
			return found, err
		},
		Recorded: func(ctx context.Context) ([]orphan.Resource, error) {
			managers, err := r.e.EveryManager(ctx)
			return recorded(managers), err
		},
		Adopt: func(ctx context.Context, baseName, revision string, o orphan.Resource) (bool, error) {
			return r.e.AdoptManager(ctx, fleet.Manager{BaseName: baseName, Revision: revision, Zone: o.Zone, Project: o.Project,
				Resource: fleet.Resource{State: fleet.Drained, URL: o.URL, DrainedAt: r.d.Now()}})
		},
	}
}

// recorded are the groups that managers account for.
func recorded(managers []records.Manager) []orphan.Resource {
	groups := make([]orphan.Resource, len(managers))
	for i, manager := range managers {
		groups[i] = orphan.Resource{Project: manager.Value.Project, Zone: manager.Value.Zone, Name: manager.Value.GroupName()}
	}
	return groups
}
