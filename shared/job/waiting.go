package job

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// SpreadWaiting runs work for each group that has instances in a state, as far
// as the run's scope covers them and their templates are not frozen.
func (r Run) SpreadWaiting(ctx context.Context, state fleet.InstanceState,
	work func(context.Context, fleet.ManagerKey, []records.Instance) error) error {
	found, err := r.waiting(ctx, state)
	if err == nil {
		found, err = Unfrozen(ctx, r, found, func(i records.Instance) string { return i.Value.BaseName })
	}
	if err != nil {
		return err
	}
	groups, keys := ByManager(found)
	return r.Spread(ctx, keys, func(ctx context.Context, key fleet.ManagerKey) error { return work(ctx, key, groups[key]) })
}

// ByManager groups instances by their managers. The keys come in the order of
// the first instance of each.
func ByManager(instances []records.Instance) (groups map[fleet.ManagerKey][]records.Instance, keys []fleet.ManagerKey) {
	groups = map[fleet.ManagerKey][]records.Instance{}
	for _, instance := range instances {
		key := instance.Value.ManagerKey()
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], instance)
	}
	return groups, keys
}

// waiting reads the instances in a state that the run's scope covers: all of
// one group, or at most records.MostAtOnce of a fleet, so that they fit into
// memory. It publishes a message to the job's own topic for each group that has
// more.
func (r Run) waiting(ctx context.Context, state fleet.InstanceState) ([]records.Instance, error) {
	scope := r.Scope
	if scope.BaseName != "" && scope.Revision != "" && scope.Zone != "" {
		return r.Records.InstancesOf(ctx, fleet.ManagerKey{BaseName: scope.BaseName, Revision: scope.Revision, Zone: scope.Zone}, state)
	}
	some, err := r.Records.InstancesIn(ctx, state)
	if err != nil {
		return nil, err
	}
	read := map[fleet.ManagerKey]int{}
	var covered []records.Instance
	for _, instance := range some {
		if key := instance.Value.ManagerKey(); r.Covers(key) {
			read[key]++
			covered = append(covered, instance)
		}
	}
	if len(some) < records.MostAtOnce {
		return covered, nil
	}
	return covered, r.sendOn(ctx, state, read)
}

// sendOn publishes a message for each group that has more instances in the
// state than were read.
func (r Run) sendOn(ctx context.Context, state fleet.InstanceState, read map[fleet.ManagerKey]int) error {
	managers, err := r.Records.ManagersFor(ctx, r.Scope.BaseName, r.Scope.Revision, r.Scope.Zone)
	if err != nil {
		return err
	}
	var scopes []event.Scope
	for _, manager := range managers {
		key := manager.Value.Key()
		if !r.Covers(key) {
			continue
		}
		there, err := r.Records.CountOf(ctx, key, state)
		if err != nil {
			return err
		}
		if there > read[key] {
			scopes = append(scopes, ManagerScope(key))
		}
	}
	return r.Announce(ctx, r.Job, scopes...)
}
