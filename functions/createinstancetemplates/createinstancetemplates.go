// Package createinstancetemplates is the job create-instance-templates: it
// creates the instance template of each active revision that has none.
//
// Triggered by config-processed and each minute; announces templates-created.
package createinstancetemplates

import (
	"context"
	"fmt"
	"slices"

	"github.com/gce-backend/gce-backend/shared/compute"
	"github.com/gce-backend/gce-backend/shared/entities"
	"github.com/gce-backend/gce-backend/shared/event"
	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

// Job is create-instance-templates.
var Job = job.Job{Name: "create-instance-templates", New: New}

// New makes the job's handler.
func New(d job.Dependencies) job.Handler {
	return func(ctx context.Context, run job.Run) error { return create(ctx, d, run) }
}

func create(ctx context.Context, d job.Dependencies, run job.Run) error {
	e := entities.Entities{Store: d.Store, Log: run.Log}
	revisions, err := e.RevisionsToCreate(ctx)
	if err != nil || len(revisions) == 0 {
		return err
	}
	settings, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	revisions = job.Thaw(run, settings.Freeze, revisions, func(r entities.Revision) string { return r.Value.BaseName })
	return job.Joined(job.Each(ctx, d, revisions, func(ctx context.Context, revision entities.Revision) error {
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
// One that an earlier run made from what was the newest snapshot then is the
// same.
func createOne(ctx context.Context, d job.Dependencies, e entities.Entities, revision entities.Revision) error {
	r := revision.Value
	snapshots, err := resolveSnapshots(ctx, d, r)
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
	snapshot := snapshots[max(0, slices.IndexFunc(snapshots, func(url string) bool {
		return compute.DifferentField(have, templateOf(r, url, d.Deployment)) == ""
	}))]
	if err := adoptable(have, templateOf(r, snapshot, d.Deployment)); err != nil {
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

// resolveSnapshots finds the snapshots that the template's VMs may get a disk
// from, the newest first; without one this template waits. It is "" alone where
// they get none.
func resolveSnapshots(ctx context.Context, d job.Dependencies, r fleet.Revision) ([]string, error) {
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

func adoptable(have, want compute.Template) error {
	if owner := have.Labels[compute.OwnershipLabel]; owner != want.Labels[compute.OwnershipLabel] {
		return failure.New(failure.Permanent, "an instance template of this name exists that is not ours (label %s is %q, not %q): rename the template or delete that one",
			compute.OwnershipLabel, owner, want.Labels[compute.OwnershipLabel])
	}
	if field := compute.DifferentField(have, want); field != "" {
		return failure.New(failure.Permanent, "an instance template of this name exists with another %s: delete it, so that it is created anew", field)
	}
	return nil
}
