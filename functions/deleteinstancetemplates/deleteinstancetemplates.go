// Package deleteinstancetemplates is the job delete-instance-templates: it
// deletes the instance template of each drained revision whose groups are
// gone, and templates of ours that no record accounts for.
//
// Triggered by managers-deleted and each minute; announces templates-deleted.
package deleteinstancetemplates

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/compute"
	"github.com/gce-backend/gce-backend/shared/entities"
	"github.com/gce-backend/gce-backend/shared/event"
	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/orphan"
)

// Job is delete-instance-templates.
var Job = job.Job{Name: "delete-instance-templates", New: New}

// New makes the job's handler.
func New(d job.Dependencies) job.Handler {
	return func(ctx context.Context, run job.Run) error {
		r := deleter{d: d, run: run, e: entities.Entities{Store: d.Store, Log: run.Log}}
		return r.sweep(ctx)
	}
}

// deleter is one run of the job.
type deleter struct {
	d   job.Dependencies
	run job.Run
	e   entities.Entities
}

func (r deleter) sweep(ctx context.Context) error {
	drained, err := r.e.RevisionsIn(ctx, fleet.Drained)
	if err != nil {
		return err
	}
	settings, err := r.d.Settings(ctx)
	if err != nil {
		return err
	}
	thawed := job.Thaw(r.run, settings.Freeze, drained, func(v entities.Revision) string { return v.Value.BaseName })
	errs := job.Each(ctx, r.d, thawed, func(ctx context.Context, revision entities.Revision) error {
		v := revision.Value
		if v.URL == "" || r.run.Scope.BaseName != "" && r.run.Scope.BaseName != v.BaseName {
			return nil
		}
		if err := r.delete(ctx, v); err != nil {
			return fmt.Errorf("delete instance template %s in project %s: %w", v.TemplateName(), v.Spec.Project, err)
		}
		return nil
	})
	if r.run.Scope.Sweep() {
		errs = append(errs, r.orphans(ctx, settings.Freeze))
	}
	return job.Joined(errs...)
}

// delete deletes the template of a revision that is still drained and has no
// groups. One that is still in use is tried again later.
func (r deleter) delete(ctx context.Context, v fleet.Revision) error {
	managers, err := r.e.ManagersOfRevision(ctx, v.BaseName, v.ID)
	if err != nil {
		return err
	}
	for _, manager := range managers {
		if manager.Value.URL != "" {
			return nil
		}
	}
	if !v.Deleting {
		claimed, err := r.e.ChangeRevision(ctx, v.BaseName, v.ID, func(now fleet.Revision) (fleet.Revision, bool) {
			if now.State != fleet.Drained || now.URL != v.URL {
				return now, false
			}
			now.Deleting = true
			return now, true
		})
		if err != nil || !claimed {
			return err
		}
	}
	err = r.d.Compute.DeleteTemplate(ctx, v.Spec.Project, v.TemplateName(), r.request(v.Spec.Project, v.TemplateName()))
	if failure.Is(err, failure.Conflict) {
		r.run.Log.Info("instance template "+v.TemplateName()+" is still in use; deleted later", "base_name", v.BaseName, "revision", v.ID)
		return nil
	}
	if err != nil && !failure.Is(err, failure.NotFound) {
		return err
	}
	_, err = r.e.ChangeRevision(ctx, v.BaseName, v.ID, func(now fleet.Revision) (fleet.Revision, bool) {
		now.URL, now.SnapshotURL, now.Deleting = "", "", false
		return now, true
	})
	if err != nil {
		return err
	}
	r.run.Log.Info("deleted instance template "+v.TemplateName(), "base_name", v.BaseName, "revision", v.ID)
	return r.d.Announce(ctx, "templates-deleted", event.Scope{BaseName: v.BaseName, Revision: v.ID})
}

// orphans deletes templates that carry our label and that no revision accounts
// for.
func (r deleter) orphans(ctx context.Context, freeze fleet.Freeze) error {
	if len(freeze) > 0 {
		return nil // whose an orphan was cannot be told
	}
	projects, err := r.e.Projects(ctx)
	if err != nil {
		return err
	}
	found := map[string][2]string{} // project and name
	for _, project := range projects {
		templates, err := r.d.Compute.Templates(ctx, project)
		if err != nil {
			return fmt.Errorf("list the instance templates of project %s: %w", project, err)
		}
		for _, template := range templates {
			if template.Labels[compute.OwnershipLabel] == r.d.Deployment {
				found[project+"/"+template.Name] = [2]string{project, template.Name}
			}
		}
	}
	if err := r.accounted(ctx, found); err != nil {
		return err
	}
	var names []string
	for name := range found {
		names = append(names, name)
	}
	ready, err := orphan.Confirmed(ctx, r.e, "template", names, r.d.Now())
	errs := []error{err}
	for _, name := range ready {
		errs = append(errs, r.deleteOrphan(ctx, found[name][0], found[name][1]))
	}
	return job.Joined(errs...)
}

// accounted takes the templates out that a revision accounts for, with a URL
// or about to get one.
func (r deleter) accounted(ctx context.Context, found map[string][2]string) error {
	if len(found) == 0 {
		return nil
	}
	for _, state := range []fleet.State{fleet.Active, fleet.Drained} {
		revisions, err := r.e.RevisionsIn(ctx, state)
		if err != nil {
			return err
		}
		for _, revision := range revisions {
			if v := revision.Value; v.URL != "" || v.State == fleet.Active {
				delete(found, v.Spec.Project+"/"+v.TemplateName())
			}
		}
	}
	return nil
}

func (r deleter) deleteOrphan(ctx context.Context, project, name string) error {
	err := r.d.Compute.DeleteTemplate(ctx, project, name, r.request(project, name))
	if failure.Is(err, failure.Conflict) {
		return nil // its group is an orphan as well, and goes first
	}
	if err != nil && !failure.Is(err, failure.NotFound) {
		return fmt.Errorf("delete orphaned instance template %s in project %s: %w", name, project, err)
	}
	r.run.Log.Warn("deleted orphaned instance template "+name, "event", "ORPHAN_DELETED", "project", project)
	return nil
}

func (r deleter) request(project, name string) string {
	return fleet.RequestID("delete template", r.d.Deployment, project, name, r.d.Now().UTC().Format("2006-01-02T15:04"))
}
