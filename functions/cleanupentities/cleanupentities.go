// Package cleanupentities is the job cleanup-entities: it deletes the records
// of instances, managers, revisions and templates that are gone.
//
// Triggered by templates-deleted, instances-deleted and each minute; announces
// nothing.
package cleanupentities

import (
	"context"
	"fmt"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is cleanup-entities.
var Job = job.Job{Name: "cleanup-entities", Decode: event.OfTemplates, New: job.Stateless(clean)}

func clean(ctx context.Context, run job.Run) error {
	if run.Scope.Zone != "" { // its instances have only just become tombstones, which stay for a while
		return managers(ctx, run)
	}
	return job.Joined(instances(ctx, run), managers(ctx, run), revisions(ctx, run), templates(ctx, run))
}

// instances deletes the records of instances that were deleted long enough
// ago.
func instances(ctx context.Context, run job.Run) error {
	now := run.Now()
	over := func(i fleet.Instance) bool { return i.TombstoneOver(now) }
	for page := []records.Instance(nil); ; {
		var err error
		if page, err = run.Records.TombstonesOver(ctx, now, page...); err != nil {
			return err
		}
		unfrozen, err := job.Unfrozen(ctx, run, page, func(i records.Instance) string { return i.Value.BaseName })
		if err != nil {
			return err
		}
		if _, err = records.Remove(ctx, run.Records, unfrozen, over); err != nil {
			return fmt.Errorf("remove the records of deleted instances: %w", err)
		}
		for _, instance := range unfrozen {
			run.Life(job.DeletedEvent, instance.Value)
		}
		if len(page) < records.MostAtOnce {
			return nil
		}
	}
}

// managers deletes the records of managers that were drained a while ago,
// whose group is gone and that have no instances.
func managers(ctx context.Context, run job.Run) error {
	now := run.Now()
	return kind[fleet.Manager]{
		name: "managers", baseName: func(m fleet.Manager) string { return m.BaseName },
		over:  func(m fleet.Manager) bool { return m.RecordOver(now) },
		parts: func(m fleet.Manager) (int, error) { return run.Records.CountAllOf(ctx, m.Key()) },
	}.remove(ctx, run, func() ([]records.Manager, error) {
		if run.Scope.Zone == "" {
			return run.Records.ManagersIn(ctx, fleet.Drained)
		}
		return run.Records.ManagersFor(ctx, run.Scope.BaseName, run.Scope.Revision, run.Scope.Zone)
	})
}

// revisions deletes the records of revisions that were drained a while ago,
// whose template is gone and that have no managers.
func revisions(ctx context.Context, run job.Run) error {
	now := run.Now()
	return kind[fleet.Revision]{
		name: "revisions", baseName: func(r fleet.Revision) string { return r.BaseName },
		over: func(r fleet.Revision) bool { return r.RecordOver(now) },
		parts: func(r fleet.Revision) (int, error) {
			managers, err := run.Records.ManagersOfRevision(ctx, r.BaseName, r.ID)
			return len(managers), err
		},
	}.remove(ctx, run, func() ([]records.Revision, error) { return run.Records.RevisionsIn(ctx, fleet.Drained) })
}

// templates deletes the records of templates without revisions.
func templates(ctx context.Context, run job.Run) error {
	return kind[fleet.TemplateRecord]{
		name: "templates", baseName: func(t fleet.TemplateRecord) string { return t.BaseName },
		over:  func(t fleet.TemplateRecord) bool { return t.ActiveRevision == "" },
		parts: func(t fleet.TemplateRecord) (int, error) { return run.Records.CountRevisions(ctx, t.BaseName) },
	}.remove(ctx, run, func() ([]records.Template, error) { return run.Records.TemplatesUnconfigured(ctx) })
}

// kind is a kind of record. over reports whether a record is no longer needed;
// parts counts the records below it, such as a manager's instances. A record is
// deleted once it is over and has no parts.
type kind[T any] struct {
	name     string
	baseName func(T) string
	over     func(T) bool
	parts    func(T) (int, error)
}

func (k kind[T]) remove(ctx context.Context, run job.Run, read func() ([]store.Stored[T], error)) error {
	items, err := read()
	items = slices.DeleteFunc(items, func(item store.Stored[T]) bool { return !k.over(item.Value) })
	if err == nil {
		items, err = job.Unfrozen(ctx, run, items, func(item store.Stored[T]) string { return k.baseName(item.Value) })
	}
	if err != nil {
		return err
	}
	var empty []store.Stored[T]
	for _, item := range items {
		n, err := k.parts(item.Value)
		if err != nil {
			return err
		}
		if n == 0 {
			empty = append(empty, item)
		}
	}
	removed, err := records.Remove(ctx, run.Records, empty, k.over)
	if removed > 0 {
		run.Log.Info(fmt.Sprintf("removed the records of %d %s", removed, k.name))
	}
	if err != nil {
		return fmt.Errorf("remove the records of %s: %w", k.name, err)
	}
	return nil
}
