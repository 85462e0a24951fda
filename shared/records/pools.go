package records

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// A group may wait for many instances. Only a few of them are read, as examples:
// these are the maximum numbers.
const (
	someLeases    = 50
	someDeletions = 10
)

// Pools reads all pools: their managers, and their revisions as RevisionHeads
// does.
func (r Records) Pools(ctx context.Context) ([]*fleet.Pool, error) {
	var managers []Manager
	var revisions []Revision
	err := Together(ctx,
		func(ctx context.Context) (err error) { managers, err = r.Managers(ctx); return err },
		func(ctx context.Context) (err error) { revisions, err = r.RevisionHeads(ctx); return err },
	)
	return fleet.Pools(values(managers), values(revisions)), err
}

// Count counts the machines of groups; a group that is not built yet has none.
func (r Records) Count(ctx context.Context, groups ...*fleet.Group) error {
	var steps []func(context.Context) error
	for _, g := range groups {
		if g.Manager.State == "" {
			continue
		}
		for state, n := range g.Machines.ByState() {
			steps = append(steps, func(ctx context.Context) (err error) {
				*n, err = r.CountOf(ctx, g.Manager.Key(), state)
				return err
			})
		}
	}
	return Together(ctx, steps...)
}

// Examples reads some of the instances that counted groups wait for: those
// leased in a drained group, and those pending deletion.
func (r Records) Examples(ctx context.Context, groups ...*fleet.Group) error {
	var steps []func(context.Context) error
	some := func(g *fleet.Group, state fleet.InstanceState, limit int, into *[]fleet.Instance) {
		steps = append(steps, func(ctx context.Context) error {
			found, err := r.InstancePage(ctx, g.Manager.Key(), state, limit, "")
			*into = values(found)
			return err
		})
	}
	for _, g := range groups {
		if g.Manager.State == fleet.Drained && g.Machines.Leased > 0 {
			some(g, fleet.Leased, someLeases, &g.Leases)
		}
		if g.Machines.Pending > 0 {
			some(g, fleet.PendingDeletion, someDeletions, &g.Deletions)
		}
	}
	return Together(ctx, steps...)
}

// CountAll counts the machines of all pools.
func (r Records) CountAll(ctx context.Context) (fleet.Machines, error) {
	var all fleet.Machines
	for state, n := range all.ByState() {
		var err error
		if *n, err = r.CountIn(ctx, state); err != nil {
			return fleet.Machines{}, err
		}
	}
	return all, nil
}

func values[T any](items []store.Stored[T]) []T {
	all := make([]T, len(items))
	for i, item := range items {
		all[i] = item.Value
	}
	return all
}
