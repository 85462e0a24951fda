package entities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/store"
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

// Entities are the fleet's records during one run of a job. A record that
// cannot be read is logged and set aside, so that it does not hide the others.
type Entities struct {
	Store store.Store
	Log   *slog.Logger
}

func find[T any](ctx context.Context, e Entities, query store.Query) ([]store.Stored[T], error) {
	page, err := store.FindAs[T](ctx, e.Store, query)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", query.Name, err)
	}
	for _, corrupt := range page.Corrupt {
		e.Log.Error("set a record aside that cannot be read: " + corrupt.Error())
	}
	return page.Items, nil
}

func get[T any](ctx context.Context, e Entities, keys ...store.Key) ([]store.Stored[T], error) {
	if len(keys) == 0 {
		return nil, nil
	}
	items, err := store.GetAs[T](ctx, e.Store, keys...)
	if err != nil && items == nil {
		return nil, fmt.Errorf("get %d records from %s on: %w", len(keys), keys[0], err)
	}
	corrupt := corruptKeys(err)
	if err != nil {
		e.Log.Error("set records aside that cannot be read: " + err.Error())
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
func getOne[T any](ctx context.Context, e Entities, key store.Key) (*store.Stored[T], error) {
	items, err := store.GetAs[T](ctx, e.Store, key)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, err)
	}
	if !items[0].Exists() {
		return nil, nil
	}
	return &items[0], nil
}

// Templates reads the records of all templates.
func (e Entities) Templates(ctx context.Context) ([]Template, error) {
	return find[fleet.TemplateRecord](ctx, e, allTemplates())
}

// TemplatesUnconfigured reads the templates that have no active revision.
func (e Entities) TemplatesUnconfigured(ctx context.Context) ([]Template, error) {
	return find[fleet.TemplateRecord](ctx, e, templatesUnconfigured())
}

// Revision reads one revision; nil where there is none.
func (e Entities) Revision(ctx context.Context, baseName, revision string) (*Revision, error) {
	k, err := RevisionKey(baseName, revision)
	if err != nil {
		return nil, err
	}
	return getOne[fleet.Revision](ctx, e, k)
}

// RevisionsIn reads the revisions in a state.
func (e Entities) RevisionsIn(ctx context.Context, state fleet.State) ([]Revision, error) {
	return find[fleet.Revision](ctx, e, revisionsIn(state))
}

// RevisionsToCreate reads the active revisions without a URL.
func (e Entities) RevisionsToCreate(ctx context.Context) ([]Revision, error) {
	return find[fleet.Revision](ctx, e, revisionsWithoutURL())
}

// Managers reads all managers.
func (e Entities) Managers(ctx context.Context) ([]Manager, error) {
	return find[fleet.Manager](ctx, e, allManagers())
}

// ManagersIn reads the managers in a state.
func (e Entities) ManagersIn(ctx context.Context, state fleet.State) ([]Manager, error) {
	return find[fleet.Manager](ctx, e, managersIn(state))
}

// ManagersToCreate reads the active managers without a URL.
func (e Entities) ManagersToCreate(ctx context.Context) ([]Manager, error) {
	return find[fleet.Manager](ctx, e, managersWithoutURL())
}

// ManagersOf reads the managers of a template, of all its revisions.
func (e Entities) ManagersOf(ctx context.Context, baseName string) ([]Manager, error) {
	return find[fleet.Manager](ctx, e, managersOf(baseName))
}

// ManagersOfRevision reads the managers of one revision.
func (e Entities) ManagersOfRevision(ctx context.Context, baseName, revision string) ([]Manager, error) {
	if _, err := RevisionKey(baseName, revision); err != nil {
		return nil, err
	}
	return find[fleet.Manager](ctx, e, managersOfRevision(baseName, revision))
}

// Manager reads one manager; nil where there is none.
func (e Entities) Manager(ctx context.Context, manager fleet.ManagerKey) (*Manager, error) {
	k, err := ManagerKey(manager)
	if err != nil {
		return nil, err
	}
	return getOne[fleet.Manager](ctx, e, k)
}

// ManagersFor reads the managers that a scope covers: all of them for a sweep.
func (e Entities) ManagersFor(ctx context.Context, baseName, revision, zone string) ([]Manager, error) {
	if baseName == "" {
		return e.Managers(ctx)
	}
	if revision != "" && zone != "" {
		k, err := ManagerKey(fleet.ManagerKey{BaseName: baseName, Revision: revision, Zone: zone})
		if err != nil {
			return nil, err
		}
		return get[fleet.Manager](ctx, e, k)
	}
	return e.ManagersOf(ctx, baseName)
}

// Instances reads instances by their keys; those without a record are left
// out.
func (e Entities) Instances(ctx context.Context, instances ...string) ([]Instance, error) {
	keys := make([]store.Key, 0, len(instances))
	for _, instance := range instances {
		k, err := InstanceKey(instance)
		if err != nil {
			e.Log.Warn("no such instance: "+err.Error(), "instance", instance)
			continue
		}
		keys = append(keys, k)
	}
	return get[fleet.Instance](ctx, e, keys...)
}

// MostAtOnce is how many instances one query of a sweep reads, so that a run's
// memory does not grow with the fleet.
const MostAtOnce = 2000

// InstancesIn reads instances in a state, at most MostAtOnce.
func (e Entities) InstancesIn(ctx context.Context, state fleet.InstanceState) ([]Instance, error) {
	return find[fleet.Instance](ctx, e, atMost(MostAtOnce, instancesIn(state)))
}

// InstancesOf reads the instances of a manager in these states; in all states
// when none is named.
func (e Entities) InstancesOf(ctx context.Context, manager fleet.ManagerKey, states ...fleet.InstanceState) ([]Instance, error) {
	if len(states) == 0 {
		return find[fleet.Instance](ctx, e, instancesOf(manager))
	}
	var all []Instance
	for _, state := range states {
		some, err := find[fleet.Instance](ctx, e, instancesOfIn(manager, state))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// CountOf counts the instances of a manager in a state, without reading them.
func (e Entities) CountOf(ctx context.Context, manager fleet.ManagerKey, state fleet.InstanceState) (int, error) {
	return e.count(ctx, instancesOfIn(manager, state))
}

// CountAllOf counts the records of a manager's instances, tombstones included.
func (e Entities) CountAllOf(ctx context.Context, manager fleet.ManagerKey) (int, error) {
	return e.count(ctx, instancesOf(manager))
}

// CountIn counts the instances in a state.
func (e Entities) CountIn(ctx context.Context, state fleet.InstanceState) (int, error) {
	return e.count(ctx, instancesIn(state))
}

func (e Entities) count(ctx context.Context, query store.Query) (int, error) {
	n, err := e.Store.Count(ctx, query)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", query.Name, err)
	}
	return n, nil
}

// CountRevisions counts the revisions of a template.
func (e Entities) CountRevisions(ctx context.Context, baseName string) (int, error) {
	return e.count(ctx, revisionsOf(baseName))
}

// LeasesOver reads the instances whose lease is known to have run out, those
// first whose did so first, at most MostAtOnce.
func (e Entities) LeasesOver(ctx context.Context, now time.Time) ([]Instance, error) {
	return find[fleet.Instance](ctx, e, atMost(MostAtOnce, leasesOver(now)))
}

// Missing reads the instances that the catalog was seen without, those first
// that are missing longest, at most MostAtOnce.
func (e Entities) Missing(ctx context.Context) ([]Instance, error) {
	return find[fleet.Instance](ctx, e, atMost(MostAtOnce, instancesMissing()))
}

// InSlice reads the instances of a slice that the catalog should have.
func (e Entities) InSlice(ctx context.Context, slice int) ([]Instance, error) {
	cataloged, err := find[fleet.Instance](ctx, e, instancesInSlice(fleet.Cataloged, slice))
	if err != nil {
		return nil, err
	}
	leased, err := find[fleet.Instance](ctx, e, instancesInSlice(fleet.Leased, slice))
	return append(cataloged, leased...), err
}

// TombstonesOver reads the records of deleted instances that can go, the oldest
// first, at most MostAtOnce of those that come after the last of a page before;
// a page with fewer is the last one.
func (e Entities) TombstonesOver(ctx context.Context, now time.Time, after ...Instance) ([]Instance, error) {
	query := atMost(MostAtOnce, tombstonesOver(now))
	if len(after) > 0 {
		query.After = &after[len(after)-1].Document
	}
	return find[fleet.Instance](ctx, e, query)
}
