package job

import (
	"context"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// A sweep over many groups does some of them itself, so that it makes progress
// even if no message arrives, and publishes a message for each of the others.
const (
	groupsPerRun  = 32
	groupsAtATime = 8
)

// ManagerScope returns the scope that covers one manager.
func ManagerScope(key fleet.ManagerKey) event.Scope {
	return event.Scope{BaseName: key.BaseName, Revision: key.Revision, Zone: key.Zone}
}

// Covers reports whether the run's scope covers a manager.
func (r Run) Covers(key fleet.ManagerKey) bool {
	scope := r.Scope
	return (scope.BaseName == "" || scope.BaseName == key.BaseName) &&
		(scope.Revision == "" || scope.Revision == key.Revision) &&
		(scope.Zone == "" || scope.Zone == key.Zone)
}

// Spread runs work for each of the groups. For the groups beyond one run's
// share it publishes a message each to the job's own topic. The share moves on
// each minute, so that each group has its turn.
func (r Run) Spread(ctx context.Context, keys []fleet.ManagerKey, work func(context.Context, fleet.ManagerKey) error) error {
	var rest []event.Scope
	if len(keys) > groupsPerRun {
		at := int(r.Now().Unix()/60) * groupsPerRun % len(keys)
		keys = slices.Concat(keys[at:], keys[:at])
		for _, key := range keys[groupsPerRun:] {
			rest = append(rest, ManagerScope(key))
		}
		keys = keys[:groupsPerRun]
	}
	return Joined(r.Announce(ctx, r.Job, rest...), Each(ctx, r, keys, func(ctx context.Context, key fleet.ManagerKey) error {
		return About(work(ctx, key), ManagerAttrs(key)...)
	}))
}

// Each runs work for each item, a few at a time, and joins the errors.
func Each[T any](ctx context.Context, run Run, items []T, work func(context.Context, T) error) error {
	errs := make([]error, len(items))
	if run.Serial {
		for i, item := range items {
			errs[i] = work(ctx, item)
		}
		return Joined(errs...)
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
	return Joined(errs...)
}

// surviving turns a panic into an error: on a goroutine of its own a panic would
// end the process, and all runs in it.
func surviving(work func() error) (err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err = About(failure.New(failure.Permanent, "panic: %v", recovered), "stack", string(debug.Stack()))
		}
	}()
	return work()
}
