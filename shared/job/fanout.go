package job

import (
	"context"
	"runtime/debug"
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// How a sweep over many groups spreads. A sweep does some groups itself, so
// that it makes progress even when no message arrives; for the others it
// publishes one message each.
const (
	groupsPerRun  = 32
	groupsAtATime = 8
)

// ManagerScope is the scope of one manager.
func ManagerScope(key fleet.ManagerKey) event.Scope {
	return event.Scope{BaseName: key.BaseName, Revision: key.Revision, Zone: key.Zone}
}

// Covers reports whether a scope covers a manager.
func Covers(scope event.Scope, key fleet.ManagerKey) bool {
	return (scope.BaseName == "" || scope.BaseName == key.BaseName) &&
		(scope.Revision == "" || scope.Revision == key.Revision) &&
		(scope.Zone == "" || scope.Zone == key.Zone)
}

// Spread runs work for each of the groups. What is beyond one run's share is
// published to the job's own topic, a message a group; which groups are in the
// share turns with the minute.
func Spread(ctx context.Context, d Dependencies, jobName string, keys []fleet.ManagerKey, work func(context.Context, fleet.ManagerKey) error) error {
	mine, rest := keys, []fleet.ManagerKey(nil)
	if len(keys) > groupsPerRun {
		at := int(d.Now().Unix()/60) * groupsPerRun % len(keys)
		turned := append(append([]fleet.ManagerKey(nil), keys[at:]...), keys[:at]...)
		mine, rest = turned[:groupsPerRun], turned[groupsPerRun:]
	}
	scopes := make([]event.Scope, len(rest))
	for i, key := range rest {
		scopes[i] = ManagerScope(key)
	}
	errs := []error{d.Announce(ctx, jobName, scopes...)}
	return Joined(append(errs, Each(ctx, d, mine, func(ctx context.Context, key fleet.ManagerKey) error {
		return About(work(ctx, key), ManagerAttrs(key)...)
	})...)...)
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

// Each runs work for each item, some at a time, and returns the errors.
func Each[T any](ctx context.Context, d Dependencies, items []T, work func(context.Context, T) error) []error {
	errs := make([]error, len(items))
	if d.Serial {
		for i, item := range items {
			errs[i] = work(ctx, item)
		}
		return errs
	}
	var wait sync.WaitGroup
	places := make(chan struct{}, groupsAtATime)
	for i, item := range items {
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			errs[i] = surviving(func() error { return work(ctx, item) })
		})
	}
	wait.Wait()
	return errs
}

// surviving makes an error of a panic: on a goroutine of its own it would end
// the process, and all runs in it.
func surviving(work func() error) (err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err = About(failure.New(failure.Permanent, "panic: %v", recovered), "stack", string(debug.Stack()))
		}
	}()
	return work()
}
