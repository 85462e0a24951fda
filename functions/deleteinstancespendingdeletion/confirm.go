package deleteinstancespendingdeletion

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// confirm marks the instances deleted whose VMs are gone.
func (r deleter) confirm(ctx context.Context, key fleet.ManagerKey, gone []records.Instance) error {
	gone, clearErr := r.withoutEntry(ctx, gone)
	deleted, err := r.e.ChangeInstances(ctx, gone, func(i fleet.Instance) (fleet.Instance, bool) { return i.SeeGone(r.d.Now()) })
	r.run.Life(job.DeletionSucceeded, deleted...)
	if len(deleted) > 0 {
		err = job.Joined(err, r.d.Announce(ctx, "instances-deleted", job.ManagerScope(key)))
	}
	return job.Joined(clearErr, err)
}

// withoutEntry keeps what the catalog has not and will not have. Only machines
// that were offered again need the look: an offer of theirs may still come true.
func (r deleter) withoutEntry(ctx context.Context, gone []records.Instance) ([]records.Instance, error) {
	var kept, reoffered []records.Instance
	for _, item := range gone {
		if item.Value.Reoffered {
			reoffered = append(reoffered, item)
		} else {
			kept = append(kept, item)
		}
	}
	clear, err := r.protocol.ClearGone(ctx, reoffered)
	return append(kept, clear...), err
}
