package records

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// The records, each with the version that it was read at.
type (
	// Template is a template's record.
	Template = store.Stored[fleet.TemplateRecord]
	// Revision is a revision's record.
	Revision = store.Stored[fleet.Revision]
	// Manager is a manager's record.
	Manager = store.Stored[fleet.Manager]
	// Instance is an instance's record.
	Instance = store.Stored[fleet.Instance]
)

// Records are the fleet's records during one run of a job. A record that
// cannot be read is logged and set aside, so that it does not hide the others.
type Records struct {
	Store store.Store
	Log   *slog.Logger
}

func find[T any](ctx context.Context, r Records, query store.Query) ([]store.Stored[T], error) {
	page, err := store.FindAs[T](ctx, r.Store, query)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", query.Name, err)
	}
	for _, corrupt := range page.Corrupt {
		r.Log.Error("set a record aside that cannot be read: " + corrupt.Error())
	}
	return page.Items, nil
}

func get[T any](ctx context.Context, r Records, keys ...store.Key) ([]store.Stored[T], error) {
	if len(keys) == 0 {
		return nil, nil
	}
	items, err := store.GetAs[T](ctx, r.Store, keys...)
	if err != nil && items == nil {
		return nil, fmt.Errorf("get %d records from %s on: %w", len(keys), keys[0], err)
	}
	corrupt := corruptKeys(err)
	if err != nil {
		r.Log.Error("set records aside that cannot be read: " + err.Error())
	}
	found := items[:0]
	for _, item := range items {
		if item.Exists() && !corrupt[item.Key()] {
			found = append(found, item)
		}
	}
	return found, nil
}

// corruptKeys are the documents that an error of store.GetAs is about.
func corruptKeys(err error) map[store.Key]bool {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // it is this very one that is joined
	if !ok {
		return nil
	}
	keys := map[store.Key]bool{}
	for _, one := range joined.Unwrap() {
		var corrupt *store.CorruptError
		if errors.As(one, &corrupt) {
			keys[corrupt.Key] = true
		}
	}
	return keys
}

// getOne reads one record; nil where there is none. One that cannot be read is
// an error: to whoever asks for just it, it must not look like none.
func getOne[T any](ctx context.Context, r Records, key store.Key) (*store.Stored[T], error) {
	items, err := store.GetAs[T](ctx, r.Store, key)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, err)
	}
	if !items[0].Exists() {
		return nil, nil
	}
	return &items[0], nil
}

// Templates reads the records of all templates.
func (r Records) Templates(ctx context.Context) ([]Template, error) {
	return find[fleet.TemplateRecord](ctx, r, allTemplates())
}

// TemplatesUnconfigured reads the templates that have no active revision.
func (r Records) TemplatesUnconfigured(ctx context.Context) ([]Template, error) {
	return find[fleet.TemplateRecord](ctx, r, templatesUnconfigured())
}

// Revision reads one revision; nil where there is none.
func (r Records) Revision(ctx context.Context, baseName, revision string) (*Revision, error) {
	k, err := RevisionKey(baseName, revision)
	if err != nil {
		return nil, err
	}
	return getOne[fleet.Revision](ctx, r, k)
}

// RevisionsIn reads the revisions in a state.
func (r Records) RevisionsIn(ctx context.Context, state fleet.State) ([]Revision, error) {
	return find[fleet.Revision](ctx, r, revisionsIn(state))
}

// RevisionsToCreate reads the active revisions without a URL.
func (r Records) RevisionsToCreate(ctx context.Context) ([]Revision, error) {
	return find[fleet.Revision](ctx, r, revisionsWithoutURL())
}

// Managers reads all managers.
func (r Records) Managers(ctx context.Context) ([]Manager, error) {
	return find[fleet.Manager](ctx, r, allManagers())
}

// ManagersIn reads the managers in a state.
func (r Records) ManagersIn(ctx context.Context, state fleet.State) ([]Manager, error) {
	return find[fleet.Manager](ctx, r, managersIn(state))
}

// ManagersToCreate reads the active managers without a URL.
func (r Records) ManagersToCreate(ctx context.Context) ([]Manager, error) {
	return find[fleet.Manager](ctx, r, managersWithoutURL())
}

// ManagersOf reads the managers of a template, of all its revisions.
func (r Records) ManagersOf(ctx context.Context, baseName string) ([]Manager, error) {
	return find[fleet.Manager](ctx, r, managersOf(baseName))
}

// ManagersInZone reads the managers of a template in a zone, of all its
// revisions.
func (r Records) ManagersInZone(ctx context.Context, baseName, zone string) ([]Manager, error) {
	return find[fleet.Manager](ctx, r, managersInZone(baseName, zone))
}

// ManagersOfRevision reads the managers of one revision.
func (r Records) ManagersOfRevision(ctx context.Context, baseName, revision string) ([]Manager, error) {
	if _, err := RevisionKey(baseName, revision); err != nil {
		return nil, err
	}
	return find[fleet.Manager](ctx, r, managersOfRevision(baseName, revision))
}

// Manager reads one manager; nil where there is none.
func (r Records) Manager(ctx context.Context, manager fleet.ManagerKey) (*Manager, error) {
	k, err := ManagerKey(manager)
	if err != nil {
		return nil, err
	}
	return getOne[fleet.Manager](ctx, r, k)
}

// ManagersFor reads the managers that a scope covers: all of them for a sweep.
func (r Records) ManagersFor(ctx context.Context, baseName, revision, zone string) ([]Manager, error) {
	if baseName == "" {
		return r.Managers(ctx)
	}
	if revision == "" && zone != "" {
		return r.ManagersInZone(ctx, baseName, zone)
	}
	if zone != "" {
		k, err := ManagerKey(fleet.ManagerKey{BaseName: baseName, Revision: revision, Zone: zone})
		if err != nil {
			return nil, err
		}
		return get[fleet.Manager](ctx, r, k)
	}
	return r.ManagersOf(ctx, baseName)
}

// Instances reads instances by their keys; those without a record are left
// out.
func (r Records) Instances(ctx context.Context, instances ...string) ([]Instance, error) {
	keys := make([]store.Key, 0, len(instances))
	for _, instance := range instances {
		k, err := InstanceKey(instance)
		if err != nil {
			r.Log.Warn("no such instance: "+err.Error(), "instance", instance)
			continue
		}
		keys = append(keys, k)
	}
	return get[fleet.Instance](ctx, r, keys...)
}

// MostAtOnce is how many instances one query of a sweep reads, so that a run's
// memory does not grow with the fleet.
const MostAtOnce = 2000

// InstancesIn reads instances in a state, at most MostAtOnce.
func (r Records) InstancesIn(ctx context.Context, state fleet.InstanceState) ([]Instance, error) {
	return find[fleet.Instance](ctx, r, atMost(MostAtOnce, instancesIn(state)))
}

// InstancesOf reads the instances of a manager in these states; in all states
// when none is named.
func (r Records) InstancesOf(ctx context.Context, manager fleet.ManagerKey, states ...fleet.InstanceState) ([]Instance, error) {
	if len(states) == 0 {
		return find[fleet.Instance](ctx, r, instancesOf(manager))
	}
	var all []Instance
	for _, state := range states {
		some, err := find[fleet.Instance](ctx, r, instancesOfIn(manager, state))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// CountOf counts the instances of a manager in a state, without reading them.
func (r Records) CountOf(ctx context.Context, manager fleet.ManagerKey, state fleet.InstanceState) (int, error) {
	return r.count(ctx, instancesOfIn(manager, state))
}

// CountAllOf counts the records of a manager's instances, tombstones included.
func (r Records) CountAllOf(ctx context.Context, manager fleet.ManagerKey) (int, error) {
	return r.count(ctx, instancesOf(manager))
}

// CountIn counts the instances in a state.
func (r Records) CountIn(ctx context.Context, state fleet.InstanceState) (int, error) {
	return r.count(ctx, instancesIn(state))
}

func (r Records) count(ctx context.Context, query store.Query) (int, error) {
	n, err := r.Store.Count(ctx, query)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", query.Name, err)
	}
	return n, nil
}

// CountRevisions counts the revisions of a template.
func (r Records) CountRevisions(ctx context.Context, baseName string) (int, error) {
	return r.count(ctx, revisionsOf(baseName))
}

// LeasesOver reads the instances whose lease is known to have run out, those
// first whose did so first, at most MostAtOnce.
func (r Records) LeasesOver(ctx context.Context, now time.Time) ([]Instance, error) {
	return find[fleet.Instance](ctx, r, atMost(MostAtOnce, leasesOver(now)))
}

// Missing reads the instances that the catalog was seen without, those first
// that are missing longest, at most MostAtOnce.
func (r Records) Missing(ctx context.Context) ([]Instance, error) {
	return find[fleet.Instance](ctx, r, atMost(MostAtOnce, instancesMissing()))
}

// TombstonesOver reads the records of deleted instances that can go, the oldest
// first, at most MostAtOnce of those that come after the last of a page before;
// a page with fewer is the last one.
func (r Records) TombstonesOver(ctx context.Context, now time.Time, after ...Instance) ([]Instance, error) {
	query := atMost(MostAtOnce, tombstonesOver(now))
	if len(after) > 0 {
		query.After = &after[len(after)-1].Document
	}
	return find[fleet.Instance](ctx, r, query)
}
