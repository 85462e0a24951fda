package deleteinstancetemplates

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job/orphan"
	"github.com/gce-backend/gce-backend/shared/records"
)

// orphans are templates that carry our label and that no revision accounts for.
func (r deleter) orphans() orphan.Kind {
	return orphan.Kind{
		Name: "template", Text: "instance template", Until: "its groups are gone",
		List: func(ctx context.Context, project string) ([]orphan.Resource, error) {
			templates, err := r.d.Compute.Templates(ctx, project)
			found := make([]orphan.Resource, len(templates))
			for i, t := range templates {
				found[i] = orphan.Resource{Project: project, Name: t.Name, URL: t.URL, Labels: t.Properties.GetLabels(), Snapshot: t.Snapshot()}
			}
			return found, err
		},
		Recorded: func(ctx context.Context) ([]orphan.Resource, error) {
			revisions, err := r.e.EveryRevision(ctx)
			return recorded(revisions), err
		},
		Adopt: func(ctx context.Context, baseName, revision string, o orphan.Resource) (bool, error) {
			return r.e.AdoptRevision(ctx, fleet.Revision{BaseName: baseName, ID: revision, Spec: fleet.TemplateSpec{Project: o.Project},
				Resource: fleet.Resource{State: fleet.Drained, URL: o.URL, DrainedAt: r.d.Now()}, SnapshotURL: o.Snapshot})
		},
	}
}

// recorded are the templates that revisions account for.
func recorded(revisions []records.Revision) []orphan.Resource {
	templates := make([]orphan.Resource, len(revisions))
	for i, revision := range revisions {
		templates[i] = orphan.Resource{Project: revision.Value.Spec.Project, Name: revision.Value.TemplateName()}
	}
	return templates
}
