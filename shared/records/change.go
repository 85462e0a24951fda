package records

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// AdoptManager makes the record of a manager that has none. It returns false if
// the manager has a record.
func (r Records) AdoptManager(ctx context.Context, manager fleet.Manager) (bool, error) {
	return change(ctx, r, managerPath(manager.Key()), adopt(manager))
}

// AdoptRevision does the same as AdoptManager for a revision.
func (r Records) AdoptRevision(ctx context.Context, revision fleet.Revision) (bool, error) {
	return change(ctx, r, revisionPath(revision.BaseName, revision.ID), adopt(revision))
}

// adopt returns a change that creates this record if it does not exist.
func adopt[T any](record T) func(*T) (*T, bool) {
	return func(current *T) (*T, bool) { return &record, current == nil }
}

// ChangeRevision applies decide to the current record of a revision, and writes
// the result if decide returns true. It reports whether the record was changed.
func (r Records) ChangeRevision(ctx context.Context, baseName, revision string, decide func(fleet.Revision) (fleet.Revision, bool)) (bool, error) {
	return change(ctx, r, revisionPath(baseName, revision), existing(decide))
}

// ChangeManager does the same as ChangeRevision for a manager.
func (r Records) ChangeManager(ctx context.Context, manager fleet.ManagerKey, decide func(fleet.Manager) (fleet.Manager, bool)) (bool, error) {
	return change(ctx, r, managerPath(manager), existing(decide))
}

// existing returns a change that applies decide to a record if it exists.
func existing[T any](decide func(T) (T, bool)) func(*T) (*T, bool) {
	return func(current *T) (*T, bool) {
		if current == nil {
			return nil, false
		}
		next, ok := decide(*current)
		return &next, ok
	}
}

// change applies decide to the current record, nil if there is no record, and
// writes the result if decide returns true. It reports whether the record was
// changed.
func change[T any](ctx context.Context, r Records, p path, decide func(*T) (*T, bool)) (changed bool, _ error) {
	k, err := p.key()
	if err != nil {
		return false, err
	}
	_, err = store.Update(ctx, r.Store, k, func(current *T) (next *T, _ error) {
		if next, changed = decide(current); changed {
			return next, nil
		}
		return current, nil
	})
	return changed && err == nil, err
}

// ChangeInstances applies a transition to the current records of instances. It
// returns those that it changed, even if it failed for others.
func (r Records) ChangeInstances(ctx context.Context, items []Instance, transition func(fleet.Instance) (fleet.Instance, bool)) ([]fleet.Instance, error) {
	decide := existing(transition)
	changed, err := store.UpdateEach(ctx, r.Store, items, func(current *fleet.Instance) (*fleet.Instance, error) {
		if next, ok := decide(current); ok {
			return next, nil
		}
		return current, nil
	})
	if err != nil {
		err = fmt.Errorf("change instances: %w", err)
	}
	return values(changed), err
}

// Remove deletes those records for which may returns true when it is called with
// the current record. It returns the number of deleted records.
func Remove[T any](ctx context.Context, r Records, items []store.Stored[T], may func(T) bool) (int, error) {
	changed, err := store.UpdateEach(ctx, r.Store, items, func(current *T) (*T, error) {
		if current == nil || may(*current) {
			return nil, nil
		}
		return current, nil
	})
	return len(changed), err
}
