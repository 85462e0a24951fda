// Package deleteinstancegroupmanagers is the job
// delete-instance-group-managers: it deletes the group of each drained manager
// that has no instances any more, and groups of ours that no record accounts
// for.
//
// Triggered by instances-deleted, by config-processed (for groups that never had
// instances) and each minute; announces managers-deleted.
package deleteinstancegroupmanagers

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/resource"
)

// Job is delete-instance-group-managers.
var Job = job.Job{Name: "delete-instance-group-managers", New: job.Stateless(sweep)}

func sweep(ctx context.Context, run job.Run) error {
	empty := func(ctx context.Context, r resource.Resource) (bool, error) { return empty(ctx, run, r) }
	return resource.Groups(run).Delete(ctx, empty, func(ctx context.Context, scope event.Scope) error {
		return run.Announce(ctx, "managers-deleted", scope)
	})
}

// empty reports whether a group has no live records, no VMs, the target size 0
// and no action under way.
func empty(ctx context.Context, run job.Run, r resource.Resource) (bool, error) {
	for _, state := range []fleet.InstanceState{fleet.Found, fleet.Cataloged, fleet.Leased, fleet.PendingDeletion} {
		if n, err := run.Records.CountOf(ctx, r.Key(), state); err != nil || n > 0 {
			return false, err
		}
	}
	group, err := run.Compute.Group(ctx, r.Group())
	if failure.Is(err, failure.NotFound) {
		return true, nil
	}
	if err != nil || group.Actions == nil || group.TargetSize > 0 || group.Actions.Total() > 0 {
		return false, err
	}
	vms, err := run.Compute.VMs(ctx, r.Group())
	return err == nil && len(vms) == 0, err
}
