// Package createinstancetemplates is the job create-instance-templates: it
// creates the instance template of each active revision that has none.
//
// Triggered by config-processed and each minute; announces templates-created.
package createinstancetemplates

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/resource"
)

// Job is create-instance-templates.
var Job = job.Job{Name: "create-instance-templates", Decode: event.OfTemplates, New: job.Stateless(create)}

func create(ctx context.Context, run job.Run) error {
	templates := resource.Templates(run)
	missing, err := templates.Missing(ctx)
	if err != nil {
		return err
	}
	insert := func(ctx context.Context, r resource.Resource) (url, snapshot string, err error) {
		return insert(ctx, run, r)
	}
	return templates.Create(ctx, missing, insert, func(ctx context.Context, scope event.Scope) error {
		return run.Announce(ctx, "templates-created", scope)
	})
}

// insert creates the template, or adopts an existing one that is ours and
// equal, and returns its URL and its snapshot.
func insert(ctx context.Context, run job.Run, r resource.Resource) (url, snapshot string, err error) {
	snapshots, err := findSnapshots(ctx, run, r.Spec)
	if err != nil {
		return "", "", err
	}
	want := compute.Template{Project: r.Project, Name: r.Name, Properties: compute.Properties(r.Spec, snapshots[0], run.Owner().Label())}
	request := fleet.RequestID("insert template", run.Deployment, r.Project, r.Name, fleet.Attempt(run.Now(), r.Written))
	err = run.Compute.InsertTemplate(ctx, want, request)
	have, _, err := resource.Inserted(err, func() (compute.Template, error) { return run.Compute.Template(ctx, r.Project, r.Name) })
	if err != nil {
		return "", "", err
	}
	snapshot, err = adoptable(have, r.Spec, snapshots, run.Owner())
	return have.URL, snapshot, err
}

// findSnapshots returns the URLs of the snapshots that match the template, the
// newest first, or an error if there is none yet. For a template without a
// snapshot it returns one empty URL.
func findSnapshots(ctx context.Context, run job.Run, spec fleet.TemplateSpec) ([]string, error) {
	if !spec.WantsSnapshot() {
		return []string{""}, nil
	}
	found, err := run.Compute.Snapshots(ctx, spec.Project, spec.SnapshotName, spec.SnapshotLabels)
	if err != nil {
		return nil, fmt.Errorf("find its snapshot: %w", err)
	}
	if len(found) == 0 {
		return nil, failure.New(failure.NotFound, "no READY snapshot in project %s has name %q and labels %v; the template waits for one",
			spec.Project, spec.SnapshotName, spec.SnapshotLabels)
	}
	urls := make([]string, len(found))
	for i, snapshot := range found {
		urls[i] = snapshot.URL
	}
	return urls, nil
}

// adoptable returns the snapshot with which an existing template is what the spec
// asks for. It may be an older one: that was the newest when the template was
// created, and the response was lost.
func adoptable(have compute.Template, spec fleet.TemplateSpec, snapshots []string, owner compute.Owner) (snapshot string, err error) {
	if labels := have.Properties.GetLabels(); !owner.Adopts(labels, 0) {
		return "", failure.New(failure.Permanent, "an instance template of this name exists that is not ours (label %s is %q, not %q): rename the template or delete that one",
			compute.OwnershipLabel, labels[compute.OwnershipLabel], owner.Label())
	}
	var different string
	for _, snapshot := range snapshots {
		different = compute.DifferentField(have.Properties, compute.Properties(spec, snapshot, owner.Label()))
		if different == "" {
			return snapshot, nil
		}
	}
	return "", failure.New(failure.Permanent, "an instance template of this name exists with another %s: delete it, so that it is created anew", different)
}
