package records

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// AdoptManager makes the record of a manager that has none; false where it
// has one.
func (r Records) AdoptManager(ctx context.Context, manager fleet.Manager) (bool, error) {
	k, err := ManagerKey(manager.Key())
	if err != nil {
		return false, err
	}
	return adopt(ctx, r, k, manager)
}

// AdoptRevision does the same for a revision.
func (r Records) AdoptRevision(ctx context.Context, revision fleet.Revision) (bool, error) {
	k, err := RevisionKey(revision.BaseName, revision.ID)
	if err != nil {
		return false, err
	}
	return adopt(ctx, r, k, revision)
}

func adopt(ctx context.Context, r Records, key store.Key, record any) (bool, error) {
	fields, err := store.Encode(record)
	if err != nil {
		return false, err
	}
	_, err = r.Store.Commit(ctx, store.Create(key, fields))
	if failure.Is(err, failure.Conflict) {
		return false, nil
	}
	return err == nil, err
}
