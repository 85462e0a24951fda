// Package cleanupentities is the job cleanup-entities: it deletes the records
// of what is gone, from the instances up to the templates.
//
// Triggered by templates-deleted, instances-deleted and each minute; announces
// nothing.
package cleanupentities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is cleanup-entities.
var Job = job.Job{Name: "cleanup-entities", Decode: event.OfTemplates, New: job.Stateless(clean)}

func clean(ctx context.Context, d job.Dependencies, run job.Run) error {
	c := cleaner{d: d, run: run, e: records.Records{Store: d.Store, Log: run.Log}}
	drained, err := c.drained(ctx)
	if run.Scope.Zone != "" { // of a group: its instances are tombstones now, and stay for a while
		return job.Joined(err, c.managers(ctx, drained))
	}
	return job.Joined(err, c.instances(ctx), c.managers(ctx, drained), c.revisions(ctx), c.templates(ctx))
}

// drained reads the drained managers that the scope covers.
func (c cleaner) drained(ctx context.Context) ([]records.Manager, error) {
	scope := c.run.Scope
	if scope.Zone == "" {
		return c.e.ManagersIn(ctx, fleet.Drained)
	}
	managers, err := c.e.ManagersFor(ctx, scope.BaseName, scope.Revision, scope.Zone)
	return slices.DeleteFunc(managers, func(m records.Manager) bool { return m.Value.State != fleet.Drained }), err
}

// cleaner is one run of the job.
type cleaner struct {
	d   job.Dependencies
	run job.Run
	e   records.Records
}

// withoutFrozen keeps the items whose template is not frozen. Where there are none the
// settings are not read.
func withoutFrozen[T any](ctx context.Context, c cleaner, items []T, baseName func(T) string) ([]T, error) {
	if len(items) == 0 {
		return nil, nil
	}
	settings, err := c.d.Settings(ctx)
	return job.WithoutFrozen(c.run, settings.Freeze, items, baseName), err
}

// instances deletes the records of instances that were deleted long enough
// ago.
func (c cleaner) instances(ctx context.Context) error {
	now := c.d.Now()
	for page := []records.Instance(nil); ; {
		var err error
		if page, err = c.e.TombstonesOver(ctx, now, page...); err != nil {
			return err
		}
		if err := c.remove(ctx, page, now); err != nil || len(page) < records.MostAtOnce {
			return err
		}
	}
}

func (c cleaner) remove(ctx context.Context, over []records.Instance, now time.Time) error {
	over, err := withoutFrozen(ctx, c, over, func(i records.Instance) string { return i.Value.BaseName })
	if err != nil {
		return err
	}
	_, err = records.Remove(ctx, c.e, over, func(i fleet.Instance) bool { return i.TombstoneOver(now) })
	if err != nil {
		return fmt.Errorf("remove the records of deleted instances: %w", err)
	}
	for _, instance := range over {
		c.run.Life(job.DeletedEvent, instance.Value)
	}
	return nil
}

// managers deletes the records of managers that were drained a while ago,
// whose group is gone and that have no instances.
func (c cleaner) managers(ctx context.Context, drained []records.Manager) error {
	drained, err := withoutFrozen(ctx, c, drained, func(m records.Manager) string { return m.Value.BaseName })
	if err != nil {
		return err
	}
	now := c.d.Now()
	var over []records.Manager
	for _, manager := range drained {
		if !manager.Value.RecordOver(now) {
			continue
		}
		n, err := c.e.CountAllOf(ctx, manager.Value.Key())
		if err != nil {
			return err
		}
		if n == 0 {
			over = append(over, manager)
		}
	}
	removed, err := records.Remove(ctx, c.e, over, func(m fleet.Manager) bool { return m.RecordOver(now) })
	return c.report(removed, "managers", err)
}

// revisions deletes the records of revisions that were drained a while ago,
// whose template is gone and that have no managers.
func (c cleaner) revisions(ctx context.Context) error {
	drained, err := c.e.RevisionsIn(ctx, fleet.Drained)
	if err == nil {
		drained, err = withoutFrozen(ctx, c, drained, func(r records.Revision) string { return r.Value.BaseName })
	}
	if err != nil {
		return err
	}
	now := c.d.Now()
	var over []records.Revision
	for _, revision := range drained {
		if !revision.Value.RecordOver(now) {
			continue
		}
		managers, err := c.e.ManagersOfRevision(ctx, revision.Value.BaseName, revision.Value.ID)
		if err != nil {
			return err
		}
		if len(managers) == 0 {
			over = append(over, revision)
		}
	}
	removed, err := records.Remove(ctx, c.e, over, func(r fleet.Revision) bool { return r.RecordOver(now) })
	return c.report(removed, "revisions", err)
}

// templates deletes the records of templates without revisions.
func (c cleaner) templates(ctx context.Context) error {
	unconfigured, err := c.e.TemplatesUnconfigured(ctx)
	if err == nil {
		unconfigured, err = withoutFrozen(ctx, c, unconfigured, func(t records.Template) string { return t.Value.BaseName })
	}
	if err != nil {
		return err
	}
	var over []records.Template
	for _, template := range unconfigured {
		n, err := c.e.CountRevisions(ctx, template.Value.BaseName)
		if err != nil {
			return err
		}
		if n == 0 {
			over = append(over, template)
		}
	}
	removed, err := records.Remove(ctx, c.e, over, func(t fleet.TemplateRecord) bool { return t.ActiveRevision == "" })
	return c.report(removed, "templates", err)
}

func (c cleaner) report(removed int, what string, err error) error {
	if removed > 0 {
		c.run.Log.Info(fmt.Sprintf("removed the records of %d %s", removed, what))
	}
	if err != nil {
		return fmt.Errorf("remove the records of %s: %w", what, err)
	}
	return nil
}
