package job

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// SpreadWaiting runs work for each group that has instances in a state, as far
// as the run's scope covers them and their templates are not frozen.
func SpreadWaiting(ctx context.Context, d Dependencies, run Run, jobName string, state fleet.InstanceState,
	work func(context.Context, fleet.ManagerKey, []records.Instance) error) error {
	found, err := waiting(ctx, d, run, records.Records{Store: d.Store, Log: run.Log}, jobName, state)
	if err != nil || len(found) == 0 {
		return err
	}
	settings, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	groups, keys := ByManager(WithoutFrozen(run, settings.Freeze, found, func(i records.Instance) string { return i.Value.BaseName }))
	return Spread(ctx, d, jobName, keys, func(ctx context.Context, key fleet.ManagerKey) error { return work(ctx, key, groups[key]) })
}

// waiting reads the instances in a state that a run's scope covers. Of one
// group these are all, of a fleet at most records.MostAtOnce, so that a run
// can hold them: the groups of those that are left are published to the job's
// own topic, a message each.
func waiting(ctx context.Context, d Dependencies, run Run, e records.Records, jobName string, state fleet.InstanceState) ([]records.Instance, error) {
	scope := run.Scope
	if scope.BaseName != "" && scope.Revision != "" && scope.Zone != "" {
		return e.InstancesOf(ctx, fleet.ManagerKey{BaseName: scope.BaseName, Revision: scope.Revision, Zone: scope.Zone}, state)
	}
	some, err := e.InstancesIn(ctx, state)
	if err != nil {
		return nil, err
	}
	read := map[fleet.ManagerKey]int{}
	var covered []records.Instance
	for _, instance := range some {
		if key := instance.Value.ManagerKey(); Covers(scope, key) {
			read[key]++
			covered = append(covered, instance)
		}
	}
	if len(some) < records.MostAtOnce {
		return covered, nil
	}
	return covered, sendOn(ctx, d, scope, e, jobName, state, read)
}

// sendOn publishes a message for each group that has more instances in the
// state than were read.
func sendOn(ctx context.Context, d Dependencies, scope event.Scope, e records.Records, jobName string, state fleet.InstanceState, read map[fleet.ManagerKey]int) error {
	managers, err := e.ManagersFor(ctx, scope.BaseName, scope.Revision, scope.Zone)
	if err != nil {
		return err
	}
	var scopes []event.Scope
	for _, manager := range managers {
		key := manager.Value.Key()
		if !Covers(scope, key) {
			continue
		}
		there, err := e.CountOf(ctx, key, state)
		if err != nil {
			return err
		}
		if there > read[key] {
			scopes = append(scopes, ManagerScope(key))
		}
	}
	return d.Announce(ctx, jobName, scopes...)
}
