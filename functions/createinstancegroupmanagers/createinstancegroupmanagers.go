// Package createinstancegroupmanagers is the job
// create-instance-group-managers: it creates the zonal managed instance group
// of each active manager that has none, once its template is there.
//
// Triggered by templates-created, by config-processed (a new zone of a template
// that is there) and each minute; announces managers-created.
package createinstancegroupmanagers

import (
	"context"
	"path"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/resource"
)

// Job is create-instance-group-managers.
var Job = job.Job{Name: "create-instance-group-managers", New: job.Stateless(create)}

func create(ctx context.Context, run job.Run) error {
	groups := resource.Groups(run)
	missing, err := groups.Missing(ctx)
	if err != nil {
		return err
	}
	templates := map[fleet.ManagerKey]string{} // URLs by revision, so that each revision is read once
	var ready []resource.Resource
	for _, m := range missing {
		of := fleet.ManagerKey{BaseName: m.BaseName, Revision: m.Revision}
		if _, read := templates[of]; !read {
			record, err := run.Records.Revision(ctx, m.BaseName, m.Revision)
			if err != nil {
				return err
			}
			templates[of] = ""
			if record != nil && !record.Value.Deleting {
				templates[of] = record.Value.URL
			}
		}
		if templates[of] != "" { // otherwise the template is created first, which triggers this job again
			ready = append(ready, m)
		}
	}
	insert := func(ctx context.Context, m resource.Resource) (url, snapshot string, err error) {
		url, err = insert(ctx, run, m, templates[fleet.ManagerKey{BaseName: m.BaseName, Revision: m.Revision}])
		return url, "", err
	}
	return groups.Create(ctx, ready, insert, func(ctx context.Context, scope event.Scope) error {
		return run.Announce(ctx, "managers-created", scope)
	})
}

// insert creates the group at size 0, or adopts an existing group that is ours
// and complete, and returns its URL.
func insert(ctx context.Context, run job.Run, m resource.Resource, template string) (string, error) {
	err := run.Compute.InsertGroup(ctx, compute.NewGroup{
		GroupRef: m.Group(), TemplateURL: template,
		BaseInstanceName: fleet.BaseInstanceName(m.BaseName, m.Revision, m.Zone),
		Labels:           map[string]string{compute.OwnershipLabel: run.Owner().Label()},
	}, fleet.RequestID("insert group", run.Deployment, m.Project, m.Zone, m.Name, fleet.Attempt(run.Now(), m.Written)))
	group, existed, err := resource.Inserted(err, func() (compute.Group, error) { return run.Compute.Group(ctx, m.Group()) })
	if err == nil && existed {
		err = adoptable(ctx, run, group, template)
	}
	return group.URL, err
}

// adoptable returns an error for a group that is not ours, has another
// template, is still being created (the operation may yet fail), or is being
// deleted.
func adoptable(ctx context.Context, run job.Run, have compute.Group, template string) error {
	if owner := run.Owner(); !owner.Adopts(have.Labels, have.TargetSize) {
		return failure.New(failure.Permanent, "a group of this name exists that is not ours (label %s is %q, not %q): rename the template or delete that group",
			compute.OwnershipLabel, have.Labels[compute.OwnershipLabel], owner.Label())
	}
	if path.Base(have.TemplateURL) != path.Base(template) {
		return failure.New(failure.Permanent, "a group of this name exists with the template %s: delete it, so that it is created anew", path.Base(have.TemplateURL))
	}
	pending, err := run.Compute.Pending(ctx, have.GroupRef)
	if err != nil {
		return err
	}
	if pending != "" {
		return failure.New(failure.Transient, "a group of this name exists, but its %s is still under way", pending)
	}
	return nil
}
