package entities

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/store"
)

// AdoptManager makes the record of a manager that has none; false where it
// has one.
func (e Entities) AdoptManager(ctx context.Context, manager fleet.Manager) (bool, error) {
	k, err := ManagerKey(manager.Key())
	if err != nil {
		return false, err
	}
	return adopt(ctx, e, k, manager)
}

// AdoptRevision does the same for a revision.
func (e Entities) AdoptRevision(ctx context.Context, revision fleet.Revision) (bool, error) {
	k, err := RevisionKey(revision.BaseName, revision.ID)
	if err != nil {
		return false, err
	}
	return adopt(ctx, e, k, revision)
}

func adopt(ctx context.Context, e Entities, key store.Key, record any) (bool, error) {
	fields, err := store.Encode(record)
	if err != nil {
		return false, err
	}
	_, err = e.Store.Commit(ctx, store.Create(key, fields))
	if failure.Is(err, failure.Conflict) {
		return false, nil
	}
	return err == nil, err
}
