package resource

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

// Templates returns the kind of the revisions' instance templates.
func Templates(run job.Run) Kind {
	e, read := run.Records, reader(ofRevision)
	return Kind{
		run: run, name: "template", text: "instance template", until: "its groups are gone",
		missing: func(ctx context.Context) ([]Resource, error) { return read(e.RevisionsToCreate(ctx)) },
		drained: func(ctx context.Context) ([]Resource, error) { return read(e.RevisionsIn(ctx, fleet.Drained)) },
		all: func(ctx context.Context) ([]Resource, error) {
			drained, err := read(e.RevisionsIn(ctx, fleet.Drained))
			if err != nil {
				return nil, err
			}
			active, err := read(e.RevisionsIn(ctx, fleet.Active))
			return append(drained, active...), err
		},
		every: func(ctx context.Context) ([]Resource, error) { return read(e.EveryRevision(ctx)) },
		change: func(ctx context.Context, r Resource, decide func(fleet.Resource) (fleet.Resource, bool)) (bool, error) {
			return e.ChangeRevision(ctx, r.BaseName, r.Revision, func(now fleet.Revision) (fleet.Revision, bool) {
				next, ok := decide(now.Resource)
				switch {
				case !ok:
				case next.URL == "":
					now.SnapshotURL = ""
				case now.URL == "":
					now.SnapshotURL = r.Snapshot
				}
				now.Resource = next
				return now, ok
			})
		},
		adopt: func(ctx context.Context, r Resource) (bool, error) {
			return e.AdoptRevision(ctx, fleet.Revision{BaseName: r.BaseName, ID: r.Revision,
				Spec: fleet.TemplateSpec{Project: r.Project}, Resource: r.Resource, SnapshotURL: r.Snapshot})
		},
		get: func(ctx context.Context, r Resource) (Resource, error) {
			template, err := run.Compute.Template(ctx, r.Project, r.Name)
			return ofTemplate(template), err
		},
		list: func(ctx context.Context, project string) ([]Resource, error) {
			templates, err := run.Compute.Templates(ctx, project)
			return convert(templates, ofTemplate), err
		},
		remove: func(ctx context.Context, r Resource, by string) error {
			return run.Compute.DeleteTemplate(ctx, r.Project, r.Name, fleet.RequestID("delete template", run.Deployment, r.Project, r.Name, by))
		},
	}
}

func ofRevision(v fleet.Revision) Resource {
	return Resource{Project: v.Spec.Project, Name: v.TemplateName(), BaseName: v.BaseName, Revision: v.ID, Resource: v.Resource, Spec: v.Spec}
}

func ofTemplate(t compute.Template) Resource {
	return Resource{Project: t.Project, Name: t.Name, Resource: fleet.Resource{URL: t.URL}, Labels: t.Properties.GetLabels(), Snapshot: t.Snapshot()}
}
