// Package createinstancegroupmanagers is the job
// create-instance-group-managers: it creates the zonal managed instance group
// of each active manager that has none, once its template is there.
//
// Triggered by templates-created, by config-processed (a new zone of a template
// that is there) and each minute; announces managers-created.
package createinstancegroupmanagers

import (
	"context"
	"fmt"
	"path"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is create-instance-group-managers.
var Job = job.Job{Name: "create-instance-group-managers", New: job.Stateless(create)}

func create(ctx context.Context, d job.Dependencies, run job.Run) error {
	e := records.Records{Store: d.Store, Log: run.Log}
	managers, err := e.ManagersToCreate(ctx)
	if err != nil || len(managers) == 0 {
		return err
	}
	settings, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	managers = job.WithoutFrozen(run, settings.Freeze, managers, func(m records.Manager) string { return m.Value.BaseName })
	urls, err := templateURLs(ctx, e, managers)
	if err != nil {
		return err
	}
	return job.Joined(job.Each(ctx, d, managers, func(ctx context.Context, manager records.Manager) error {
		m := manager.Value
		template := urls[[2]string{m.BaseName, m.Revision}]
		if template == "" || !job.Covers(run.Scope, m.Key()) {
			return nil // its template comes first, and wakes this job
		}
		if err := createOne(ctx, d, e, manager, template); err != nil {
			return job.About(fmt.Errorf("create group %s in %s/%s: %w", m.GroupName(), m.Project, m.Zone, err), job.ManagerAttrs(m.Key())...)
		}
		run.Log.Info("group "+m.GroupName()+" is there", job.ManagerAttrs(m.Key())...)
		return d.Announce(ctx, "managers-created", job.ManagerScope(m.Key()))
	})...)
}

// templateURLs reads each revision once.
func templateURLs(ctx context.Context, e records.Records, managers []records.Manager) (map[[2]string]string, error) {
	urls := map[[2]string]string{}
	for _, manager := range managers {
		of := [2]string{manager.Value.BaseName, manager.Value.Revision}
		if _, ok := urls[of]; ok {
			continue
		}
		revision, err := e.Revision(ctx, of[0], of[1])
		if err != nil {
			return nil, err
		}
		urls[of] = ""
		if revision != nil && !revision.Value.Deleting {
			urls[of] = revision.Value.URL
		}
	}
	return urls, nil
}

// createOne creates the group at size 0, or adopts the one that is there if it
// is ours and whole, and records its URL.
func createOne(ctx context.Context, d job.Dependencies, e records.Records, manager records.Manager, template string) error {
	m := manager.Value
	ref := compute.GroupRef{Project: m.Project, Zone: m.Zone, Name: m.GroupName()}
	attempt := fleet.Attempt(d.Now(), manager.Document.Version.Time)
	err := d.Compute.InsertGroup(ctx, compute.NewGroup{
		GroupRef: ref, TemplateURL: template,
		BaseInstanceName: fleet.BaseInstanceName(m.BaseName, m.Revision, m.Zone),
		Labels:           map[string]string{compute.OwnershipLabel: d.Deployment},
	}, fleet.RequestID("insert group", d.Deployment, ref.Project, ref.Zone, ref.Name, attempt))
	conflict := failure.Is(err, failure.Conflict)
	if err != nil && !conflict {
		return err
	}
	have, err := d.Compute.Group(ctx, ref)
	if failure.Is(err, failure.NotFound) {
		return failure.New(failure.Transient, "its creation is still under way: %w", err)
	}
	if err != nil {
		return err
	}
	if conflict {
		if err := adoptable(ctx, d, have, template); err != nil {
			return err
		}
	}
	_, err = e.ChangeManager(ctx, m.Key(), func(now fleet.Manager) (fleet.Manager, bool) {
		if now.URL != "" {
			return now, false
		}
		now.URL = have.URL
		return now, true
	})
	return err
}

// adoptable refuses a group that is not ours, that is of another template,
// that is still being created (its operation may yet fail), or that is being
// deleted.
func adoptable(ctx context.Context, d job.Dependencies, have compute.Group, template string) error {
	if owner := have.Labels[compute.OwnershipLabel]; owner != d.Deployment {
		return failure.New(failure.Permanent, "a group of this name exists that is not ours (label %s is %q, not %q): rename the template or delete that group",
			compute.OwnershipLabel, owner, d.Deployment)
	}
	if path.Base(have.TemplateURL) != path.Base(template) {
		return failure.New(failure.Permanent, "a group of this name exists with the template %s: delete it, so that it is created anew", path.Base(have.TemplateURL))
	}
	pending, err := d.Compute.Pending(ctx, have.GroupRef)
	if err != nil {
		return err
	}
	if pending != "" {
		return failure.New(failure.Transient, "a group of this name exists, but its %s is still under way", pending)
	}
	return nil
}
