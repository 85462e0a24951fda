package records

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// AdoptManager makes the record of a manager that has none; false where it
// has one.
func (r Records) AdoptManager(ctx context.Context, manager fleet.Manager) (bool, error) {
	return change(ctx, r, managerPath(manager.Key()), adopt(manager))
}

// AdoptRevision does the same for a revision.
func (r Records) AdoptRevision(ctx context.Context, revision fleet.Revision) (bool, error) {
	return change(ctx, r, revisionPath(revision.BaseName, revision.ID), adopt(revision))
}

// adopt is the change of a record that does not exist into this one.
func adopt[T any](record T) func(*T) (*T, bool) {
	return func(current *T) (*T, bool) { return &record, current == nil }
}

// ChangeRevision lets decide change a revision as it is now; ok false leaves
// it. It reports whether decide changed it.
func (r Records) ChangeRevision(ctx context.Context, baseName, revision string, decide func(fleet.Revision) (fleet.Revision, bool)) (bool, error) {
	return change(ctx, r, revisionPath(baseName, revision), existing(decide))
}

// ChangeManager does the same to a manager.
func (r Records) ChangeManager(ctx context.Context, manager fleet.ManagerKey, decide func(fleet.Manager) (fleet.Manager, bool)) (bool, error) {
	return change(ctx, r, managerPath(manager), existing(decide))
}

// existing is the change of a record that exists.
func existing[T any](decide func(T) (T, bool)) func(*T) (*T, bool) {
	return func(current *T) (*T, bool) {
		if current == nil {
			return nil, false
		}
		next, ok := decide(*current)
		return &next, ok
	}
}

// change lets decide change a record as it is now, nil where there is none. It
// reports whether decide changed it.
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

// ChangeInstances lets a transition change instances as they are now. It
// returns those that were changed; some may be while others failed.
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

// Remove deletes those records for which may still returns true. It returns how
// many were deleted.
func Remove[T any](ctx context.Context, r Records, items []store.Stored[T], may func(T) bool) (int, error) {
	changed, err := store.UpdateEach(ctx, r.Store, items, func(current *T) (*T, error) {
		if current == nil || may(*current) {
			return nil, nil
		}
		return current, nil
	})
	return len(changed), err
}
