package deleteinstancetemplates

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/compute"
	"github.com/gce-backend/gce-backend/shared/entities"
	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/orphan"
)

// named is a template by its project and name.
type named struct{ project, name string }

func (n named) String() string { return n.project + "/" + n.name }

// orphans deletes templates that carry our label and that no revision accounts
// for.
func (r deleter) orphans(ctx context.Context, revisions []entities.Revision, freeze fleet.Freeze) error {
	if len(freeze) > 0 {
		return nil // whose an orphan was cannot be told
	}
	found := map[string]named{}
	for _, project := range projectsOf(revisions) {
		templates, err := r.d.Compute.Templates(ctx, project)
		if err != nil {
			return fmt.Errorf("list the instance templates of project %s: %w", project, err)
		}
		for _, template := range templates {
			if of := (named{project, template.Name}); template.Labels[compute.OwnershipLabel] == r.d.Deployment {
				found[of.String()] = of
			}
		}
	}
	account(found, revisions)
	if len(found) > 0 { // read again: one of them may have been made meanwhile
		now, err := r.revisions(ctx, true)
		if err != nil {
			return err
		}
		account(found, now)
	}
	ready, err := orphan.Confirmed(ctx, r.e, "template", slices.Sorted(maps.Keys(found)), r.d.Now())
	errs := []error{err}
	for _, name := range ready {
		errs = append(errs, r.deleteOrphan(ctx, found[name].project, found[name].name))
	}
	return job.Joined(errs...)
}

// account takes the templates out that a revision accounts for.
func account(found map[string]named, revisions []entities.Revision) {
	for _, revision := range revisions {
		delete(found, named{revision.Value.Spec.Project, revision.Value.TemplateName()}.String())
	}
}

func projectsOf(revisions []entities.Revision) []string {
	var projects []string
	for _, revision := range revisions {
		if !slices.Contains(projects, revision.Value.Spec.Project) {
			projects = append(projects, revision.Value.Spec.Project)
		}
	}
	slices.Sort(projects)
	return projects
}

func (r deleter) deleteOrphan(ctx context.Context, project, name string) error {
	err := r.d.Compute.DeleteTemplate(ctx, project, name, r.request(project, name, time.Time{}))
	if failure.Is(err, failure.Conflict) {
		return nil // its group is an orphan as well, and goes first
	}
	if err != nil && !failure.Is(err, failure.NotFound) {
		return fmt.Errorf("delete orphaned instance template %s in project %s: %w", name, project, err)
	}
	r.run.Log.Warn("deleted orphaned instance template "+name, "event", "ORPHAN_DELETED", "project", project)
	return nil
}
