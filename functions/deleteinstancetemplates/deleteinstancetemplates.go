// Package deleteinstancetemplates is the job delete-instance-templates: it
// deletes the instance template of each drained revision whose groups are
// gone, and templates of ours that no record accounts for.
//
// Triggered by managers-deleted, by config-processed (a template that has no
// group) and each minute; announces templates-deleted.
package deleteinstancetemplates

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/orphan"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is delete-instance-templates.
var Job = job.Job{Name: "delete-instance-templates", Decode: event.OfTemplates, New: job.Stateless(sweep)}

// deleter is one run of the job.
type deleter struct {
	d   job.Dependencies
	run job.Run
	e   records.Records
}

func sweep(ctx context.Context, d job.Dependencies, run job.Run) error {
	r := deleter{d: d, run: run, e: records.Records{Store: d.Store, Log: run.Log}}
	orphans := r.run.Scope.Sweep() && orphan.Due(r.d.Now())
	revisions, err := r.revisions(ctx, orphans)
	if err != nil || len(revisions) == 0 && !orphans {
		return err
	}
	settings, err := r.d.Settings(ctx)
	if err != nil {
		return err
	}
	unfrozen := job.WithoutFrozen(r.run, settings.Freeze, revisions, func(v records.Revision) string { return v.Value.BaseName })
	errs := job.Each(ctx, r.d, unfrozen, func(ctx context.Context, revision records.Revision) error {
		v := revision.Value
		if v.State != fleet.Drained || r.run.Scope.BaseName != "" && r.run.Scope.BaseName != v.BaseName {
			return nil
		}
		if v.URL == "" {
			return r.adopt(ctx, v)
		}
		if err := r.delete(ctx, v); err != nil {
			err = fmt.Errorf("delete instance template %s in project %s: %w", v.TemplateName(), v.Spec.Project, err)
			return job.About(err, "base_name", v.BaseName, "revision", v.ID)
		}
		return nil
	})
	if orphans && len(settings.Freeze) == 0 { // else it cannot be told whose an orphan was
		errs = append(errs, orphan.Sweep(ctx, r.d, r.run, recorded(revisions), r.orphans()))
	}
	return job.Joined(errs...)
}

// revisions reads the drained revisions, and the others too where they are
// needed to tell orphans.
func (r deleter) revisions(ctx context.Context, all bool) ([]records.Revision, error) {
	drained, err := r.e.RevisionsIn(ctx, fleet.Drained)
	if err != nil || !all {
		return drained, err
	}
	active, err := r.e.RevisionsIn(ctx, fleet.Active)
	return append(drained, active...), err
}

// delete deletes the template of a revision that is still drained and has no
// groups. It is claimed for that first, as a group is.
func (r deleter) delete(ctx context.Context, v fleet.Revision) error {
	if !v.Deletable(r.d.Now()) {
		return nil // drained a moment ago, or another run is at it
	}
	managers, err := r.e.ManagersOfRevision(ctx, v.BaseName, v.ID)
	if err != nil {
		return err
	}
	for _, manager := range managers {
		if manager.Value.URL != "" {
			return nil
		}
	}
	by := fmt.Sprintf("%016x", r.d.Rand.Uint64())
	claimed, err := r.e.ChangeRevision(ctx, v.BaseName, v.ID, func(now fleet.Revision) (_ fleet.Revision, ok bool) {
		now.Resource, ok = now.ClaimDeletion(v.URL, by, r.d.Now())
		return now, ok
	})
	if err != nil || !claimed {
		return err
	}
	gone, err := r.deleteClaimed(ctx, v, by)
	if err != nil && !compute.Refused(err) {
		return err // what became of it is not known: the claim runs out
	}
	_, ended := r.e.ChangeRevision(ctx, v.BaseName, v.ID, func(now fleet.Revision) (_ fleet.Revision, ok bool) {
		if now.Resource, ok = now.EndDeletion(by, gone, err == nil); ok && gone {
			now.SnapshotURL = ""
		}
		return now, ok
	})
	if err != nil || ended != nil || !gone {
		return job.Joined(err, ended)
	}
	r.run.Log.Info("deleted instance template "+v.TemplateName(), "base_name", v.BaseName, "revision", v.ID)
	return r.d.Announce(ctx, "templates-deleted", event.Scope{BaseName: v.BaseName, Revision: v.ID})
}

// deleteClaimed asks for the deletion, while the claim is good for it. A
// template that is still in use stays.
func (r deleter) deleteClaimed(ctx context.Context, v fleet.Revision, by string) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, fleet.ClaimWork)
	defer cancel()
	err = r.d.Compute.DeleteTemplate(ctx, v.Spec.Project, v.TemplateName(),
		fleet.RequestID("delete template", r.d.Deployment, v.Spec.Project, v.TemplateName(), by))
	switch {
	case err == nil, failure.Is(err, failure.NotFound):
		return true, nil
	case failure.Is(err, failure.Conflict):
		r.run.Log.Info("instance template "+v.TemplateName()+" is still in use; deleted later", "base_name", v.BaseName, "revision", v.ID)
		return false, nil
	}
	return false, err
}

// adopt records the template of a drained revision that has none, where there
// is one: a run that was creating it was overtaken or killed. It then goes as
// any other does.
func (r deleter) adopt(ctx context.Context, v fleet.Revision) error {
	template, err := r.d.Compute.Template(ctx, v.Spec.Project, v.TemplateName())
	if failure.Is(err, failure.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for instance template %s in project %s: %w", v.TemplateName(), v.Spec.Project, err)
	}
	if template.Properties.GetLabels()[compute.OwnershipLabel] != r.d.Deployment {
		return nil
	}
	_, err = r.e.ChangeRevision(ctx, v.BaseName, v.ID, func(now fleet.Revision) (fleet.Revision, bool) {
		if now.State != fleet.Drained || now.URL != "" {
			return now, false
		}
		now.URL, now.SnapshotURL = template.URL, template.Snapshot() // it may be taken back
		return now, true
	})
	return err
}
