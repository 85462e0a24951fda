package job

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Waiting reads the instances in a state that a run's scope covers. Of one
// group these are all, of a fleet at most records.MostAtOnce, so that a run
// can hold them: the groups of those that are left are published to the job's
// own topic, a message each.
func Waiting(ctx context.Context, d Dependencies, run Run, e records.Records, jobName string, state fleet.InstanceState) ([]records.Instance, error) {
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
