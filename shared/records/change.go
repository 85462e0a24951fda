package records

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// ChangeRevision lets decide change a revision as it is now; ok false leaves
// it. It returns whether anything was written.
func (r Records) ChangeRevision(ctx context.Context, baseName, revision string, decide func(fleet.Revision) (fleet.Revision, bool)) (bool, error) {
	k, err := RevisionKey(baseName, revision)
	if err != nil {
		return false, err
	}
	return change(ctx, r, k, decide)
}

// ChangeManager does the same to a manager.
func (r Records) ChangeManager(ctx context.Context, manager fleet.ManagerKey, decide func(fleet.Manager) (fleet.Manager, bool)) (bool, error) {
	k, err := ManagerKey(manager)
	if err != nil {
		return false, err
	}
	return change(ctx, r, k, decide)
}

func change[T any](ctx context.Context, r Records, key store.Key, decide func(T) (T, bool)) (bool, error) {
	changed := false
	_, err := store.Update(ctx, r.Store, key, func(current *T) (*T, error) {
		changed = false
		if current == nil {
			return nil, nil
		}
		next, ok := decide(*current)
		if !ok {
			return current, nil
		}
		changed = true
		return &next, nil
	})
	if err != nil {
		return false, err
	}
	return changed, nil
}

// ChangeInstances lets a transition change instances as they are now. It
// returns those that were changed; some may be while others failed.
func (r Records) ChangeInstances(ctx context.Context, items []Instance, transition func(fleet.Instance) (fleet.Instance, bool)) ([]fleet.Instance, error) {
	if len(items) == 0 {
		return nil, nil
	}
	changed, err := store.UpdateEach(ctx, r.Store, items, func(current *fleet.Instance) (*fleet.Instance, error) {
		if current == nil {
			return nil, nil
		}
		next, ok := transition(*current)
		if !ok {
			return current, nil
		}
		return &next, nil
	})
	values := make([]fleet.Instance, len(changed))
	for i, item := range changed {
		values[i] = item.Value
	}
	if err != nil {
		return values, fmt.Errorf("change instances: %w", err)
	}
	return values, nil
}

// Remove deletes the records for which may still says yes. It returns how many
// were deleted.
func Remove[T any](ctx context.Context, r Records, items []store.Stored[T], may func(T) bool) (int, error) {
	if len(items) == 0 {
		return 0, nil
	}
	changed, err := store.UpdateEach(ctx, r.Store, items, func(current *T) (*T, error) {
		if current == nil || may(*current) {
			return nil, nil
		}
		return current, nil
	})
	return len(changed), err
}
