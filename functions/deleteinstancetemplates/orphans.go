package deleteinstancetemplates

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
	"github.com/gce-backend/gce-backend/shared/records/orphan"
)

// named is a template by its project and name.
type named struct{ project, name string }

func (n named) String() string { return n.project + "/" + n.name }

// orphans deletes templates that carry our label and that no revision accounts
// for.
func (r deleter) orphans(ctx context.Context, revisions []records.Revision, freeze fleet.Freeze) error {
	if len(freeze) > 0 {
		return nil // whose an orphan was cannot be told
	}
	projects, err := r.e.Projects(ctx)
	if err != nil {
		return err
	}
	used := projectsOf(revisions)
	found, all := map[string]named{}, map[string]compute.Template{}
	for _, project := range union(used, projects) {
		templates, err := r.d.Compute.Templates(ctx, project)
		if err != nil && !slices.Contains(used, project) && !failure.Is(err, failure.Transient) {
			r.run.Log.Info("project " + project + ", which is not used any more, is not searched for orphans: " + err.Error())
			continue
		}
		if err != nil {
			return fmt.Errorf("list the instance templates of project %s: %w", project, err)
		}
		for _, template := range templates {
			if of := (named{project, template.Name}); template.Labels[compute.OwnershipLabel] == r.d.Deployment {
				found[of.String()], all[of.String()] = of, template
			}
		}
	}
	account(found, revisions)
	if len(found) > 0 { // read again: one of them may have been made meanwhile, or its record set aside
		now, err := r.e.EveryRevision(ctx)
		if err != nil {
			return err
		}
		account(found, now)
	}
	ready, err := orphan.Confirmed(ctx, r.e, "template", slices.Sorted(maps.Keys(found)), r.d.Now())
	errs := []error{err}
	for _, name := range ready {
		errs = append(errs, r.adoptOrphan(ctx, found[name], all[name]))
	}
	return job.Joined(errs...)
}

// account takes the templates out that a revision accounts for.
func account(found map[string]named, revisions []records.Revision) {
	for _, revision := range revisions {
		delete(found, named{revision.Value.Spec.Project, revision.Value.TemplateName()}.String())
	}
}

// union is both lists, in order.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func projectsOf(revisions []records.Revision) []string {
	var projects []string
	for _, revision := range revisions {
		if !slices.Contains(projects, revision.Value.Spec.Project) {
			projects = append(projects, revision.Value.Spec.Project)
		}
	}
	slices.Sort(projects)
	return projects
}

// adoptOrphan makes a drained revision for an orphaned template, which then
// goes as any other, once its groups are gone.
func (r deleter) adoptOrphan(ctx context.Context, of named, template compute.Template) error {
	base, id, ok := fleet.SplitTemplateName(of.name)
	if !ok {
		r.run.Log.Error(fmt.Sprintf("orphaned instance template %s is kept: it carries our label, but its name is not one of ours", of), "event", "ORPHAN_KEPT")
		return nil
	}
	revision := fleet.Revision{BaseName: base, ID: id, Spec: fleet.TemplateSpec{Project: of.project},
		Resource: fleet.Resource{State: fleet.Drained, URL: template.URL, DrainedAt: r.d.Now()}, SnapshotURL: snapshotOf(template)}
	adopted, err := r.e.AdoptRevision(ctx, revision)
	if err != nil {
		return fmt.Errorf("adopt orphaned instance template %s: %w", of, err)
	}
	if adopted {
		r.run.Log.Warn("orphaned instance template "+of.String()+" is adopted as a drained one, and deleted when its groups are gone", "event", "ORPHAN_ADOPTED")
	}
	return nil
}
