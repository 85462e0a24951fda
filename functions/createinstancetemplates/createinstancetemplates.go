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
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is create-instance-templates.
var Job = job.Job{Name: "create-instance-templates", Decode: event.OfTemplates, New: job.Stateless(create)}

func create(ctx context.Context, d job.Dependencies, run job.Run) error {
	e := records.Records{Store: d.Store, Log: run.Log}
	revisions, err := e.RevisionsToCreate(ctx)
	if err != nil || len(revisions) == 0 {
		return err
	}
	settings, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	revisions = job.WithoutFrozen(run, settings.Freeze, revisions, func(r records.Revision) string { return r.Value.BaseName })
	return job.Joined(job.Each(ctx, d, revisions, func(ctx context.Context, revision records.Revision) error {
		r := revision.Value
		if run.Scope.BaseName != "" && run.Scope.BaseName != r.BaseName {
			return nil
		}
		if err := createOne(ctx, d, e, revision); err != nil {
			err = fmt.Errorf("create instance template %s in project %s: %w", r.TemplateName(), r.Spec.Project, err)
			return job.About(err, "base_name", r.BaseName, "revision", r.ID)
		}
		run.Log.Info("instance template "+r.TemplateName()+" is there", "base_name", r.BaseName, "revision", r.ID)
		return d.Announce(ctx, "templates-created", event.Scope{BaseName: r.BaseName, Revision: r.ID})
	})...)
}

// createOne creates the template, or adopts the one that is there if it is
// ours and the same, and records its URL: only now, when it is known to exist.
func createOne(ctx context.Context, d job.Dependencies, e records.Records, revision records.Revision) error {
	r := revision.Value
	snapshots, err := findSnapshots(ctx, d, r)
	if err != nil {
		return err
	}
	want := templateOf(r, snapshots[0], d.Deployment)
	attempt := fleet.Attempt(d.Now(), revision.Document.Version.Time)
	err = d.Compute.InsertTemplate(ctx, want, fleet.RequestID("insert template", d.Deployment, want.Project, want.Name, attempt))
	if err != nil && !failure.Is(err, failure.Conflict) {
		return err
	}
	have, err := d.Compute.Template(ctx, want.Project, want.Name)
	if failure.Is(err, failure.NotFound) {
		return failure.New(failure.Transient, "its creation is still under way: %w", err)
	}
	if err != nil {
		return err
	}
	snapshot, err := adoptable(have, r, snapshots, d.Deployment)
	if err != nil {
		return err
	}
	_, err = e.ChangeRevision(ctx, r.BaseName, r.ID, func(now fleet.Revision) (fleet.Revision, bool) {
		if now.URL != "" {
			return now, false
		}
		now.URL, now.SnapshotURL = have.URL, snapshot
		return now, true
	})
	return err
}

// templateOf makes the instance template of a revision.
func templateOf(r fleet.Revision, snapshot, deployment string) compute.Template {
	return compute.Template{Project: r.Spec.Project, Name: r.TemplateName(), Properties: compute.Properties(r.Spec, snapshot, deployment)}
}

// findSnapshots finds the snapshots that the template's VMs may get a disk from,
// the newest first; without one this template waits. A template without a
// snapshot has "".
func findSnapshots(ctx context.Context, d job.Dependencies, r fleet.Revision) ([]string, error) {
	if !r.Spec.WantsSnapshot() {
		return []string{""}, nil
	}
	found, err := d.Compute.Snapshots(ctx, r.Spec.Project, r.Spec.SnapshotName, r.Spec.SnapshotLabels)
	if err != nil {
		return nil, fmt.Errorf("find its snapshot: %w", err)
	}
	if len(found) == 0 {
		return nil, failure.New(failure.NotFound, "no READY snapshot in project %s has name %q and labels %v; the template waits for one",
			r.Spec.Project, r.Spec.SnapshotName, r.Spec.SnapshotLabels)
	}
	urls := make([]string, len(found))
	for i, snapshot := range found {
		urls[i] = snapshot.URL
	}
	return urls, nil
}

// adoptable tells with which of the snapshots a template that exists is the
// revision's. It may be an older one: it was the newest when the template was
// created, and the answer to that was lost.
func adoptable(have compute.Template, r fleet.Revision, snapshots []string, deployment string) (snapshot string, err error) {
	if owner := have.Properties.GetLabels()[compute.OwnershipLabel]; owner != deployment {
		return "", failure.New(failure.Permanent, "an instance template of this name exists that is not ours (label %s is %q, not %q): rename the template or delete that one",
			compute.OwnershipLabel, owner, deployment)
	}
	var different string
	for _, snapshot := range snapshots {
		different = compute.DifferentField(have.Properties, compute.Properties(r.Spec, snapshot, deployment))
		if different == "" {
			return snapshot, nil
		}
	}
	return "", failure.New(failure.Permanent, "an instance template of this name exists with another %s: delete it, so that it is created anew", different)
}
