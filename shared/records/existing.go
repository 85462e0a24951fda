package records

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Recorded tells which of these instances have a record, be it one that cannot
// be read.
func (r Records) Recorded(ctx context.Context, instances ...fleet.Instance) (map[string]bool, error) {
	keys := make([]store.Key, len(instances))
	for i, instance := range instances {
		k, err := InstanceKey(instance.Key())
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	documents, err := r.Store.Get(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("look for the records of %d instances: %w", len(keys), err)
	}
	recorded := make(map[string]bool, len(documents))
	for i, document := range documents {
		recorded[instances[i].Key()] = document.Exists()
	}
	return recorded, nil
}

// EveryManager reads all managers for a decision that none may be missing in:
// one that cannot be read is an error here.
func (r Records) EveryManager(ctx context.Context) ([]Manager, error) {
	return every[fleet.Manager](ctx, r, allManagers())
}

// EveryRevision does the same with the revisions.
func (r Records) EveryRevision(ctx context.Context) ([]Revision, error) {
	active, err := every[fleet.Revision](ctx, r, revisionsIn(fleet.Active))
	if err != nil {
		return nil, err
	}
	drained, err := every[fleet.Revision](ctx, r, revisionsIn(fleet.Drained))
	return append(active, drained...), err
}

func every[T any](ctx context.Context, r Records, query store.Query) ([]store.Stored[T], error) {
	page, err := store.FindAs[T](ctx, r.Store, query)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", query.Name, err)
	}
	if len(page.Corrupt) > 0 {
		return nil, failure.New(failure.Permanent, "find %s: %w", query.Name, page.Corrupt[0])
	}
	return page.Items, nil
}
