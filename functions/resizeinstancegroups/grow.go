package resizeinstancegroups

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// A request that got lost is sent again under the claim, with the same request
// id, so that it is not carried out twice. Otherwise the pool would have to
// wait until the claim runs out.
const (
	tries = 3
	pause = 2 * time.Second // before the second try; it doubles
)

// claimWork bounds the time between winning a claim and the end of the call. It
// is shorter than the time that a claim is held.
const claimWork = 100 * time.Second

// grow raises the group's target size. Of several concurrent runs, only the one
// that wins the claim sends a request. It decides again under the claim, so
// that it sees what other runs have claimed by then, also for other revisions.
// Deletions of VMs wait for the end of the claim.
func (r resizer) grow(ctx context.Context, m fleet.Manager, sizing fleet.Sizing) error {
	target, ok := sizing.Target()
	if !ok {
		return nil
	}
	if err := r.Await(ctx, r.steps, m.Key().String()); err != nil {
		return err
	}
	by := fmt.Sprintf("%016x", r.Rand.Uint64())
	claimed, err := r.Records.ChangeManager(ctx, m.Key(), func(now fleet.Manager) (fleet.Manager, bool) {
		if now.State != fleet.Active || now.URL != m.URL || now.Claim.Open(r.Now()) {
			return now, false
		}
		now.Claim = fleet.ResizeClaim{By: by, Target: target, At: r.Now()}
		return now, true
	})
	if err != nil || !claimed {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, claimWork)
	defer cancel()
	sent, err := r.raise(ctx, m.Key(), by, target)
	for try := 1; try < tries && sent && !ended(err) && r.Sleep(ctx, time.Duration(try)*pause) == nil; try++ {
		resent, resendErr := r.raise(ctx, m.Key(), by, target)
		if !resent {
			break // the group shows the first request's target, or cannot be seen
		}
		err = resendErr
	}
	if !sent || ended(err) { // otherwise the outcome is unknown, and the claim stands
		err = job.Joined(err, r.unclaim(ctx, m.Key(), by))
	}
	if err != nil || !sent {
		return err
	}
	return r.Announce(ctx, "groups-resized", job.ManagerScope(m.Key()))
}

// raise sends the request of a claim, if this run still holds it. The target does
// not exceed most, the size that was claimed; sent reports whether a request was
// sent.
func (r resizer) raise(ctx context.Context, key fleet.ManagerKey, by string, most int) (sent bool, err error) {
	m, sizing, ok, err := r.decide(ctx, key)
	if err != nil || !ok || m.Claim.By != by {
		return false, err
	}
	target, ok := sizing.Target()
	if target = min(target, most); !ok || target <= sizing.Group.Target {
		return false, nil
	}
	request := fleet.RequestID("resize group", r.Deployment, m.Project, m.Zone, m.GroupName(), by)
	if err := r.Compute.ResizeGroup(ctx, refOf(m), target, request); err != nil {
		return true, err
	}
	r.Log.Info(fmt.Sprintf("resized group %s in %s from %d to %d", m.GroupName(), m.Zone, sizing.Group.Target, target),
		append(job.ManagerAttrs(key), "target", target)...)
	return true, nil
}

// ended reports whether a call is known to have ended, well or not.
func ended(err error) bool {
	var operation *compute.OperationError
	return !failure.Is(err, failure.Transient) || errors.As(err, &operation)
}

// decide reads everything that a manager's size depends on; ok is false if the
// size cannot be decided.
func (r resizer) decide(ctx context.Context, key fleet.ManagerKey) (m fleet.Manager, sizing fleet.Sizing, ok bool, err error) {
	managers, err := r.Records.ManagersInZone(ctx, key.BaseName, key.Zone)
	if err != nil {
		return m, sizing, false, err
	}
	groups, err := r.each(ctx, managers)
	if err != nil {
		return m, sizing, false, err
	}
	mine := slices.IndexFunc(managers, func(manager records.Manager) bool { return manager.Value.Key() == key })
	if mine < 0 || managers[mine].Value.State != fleet.Active {
		return m, sizing, false, nil
	}
	m = managers[mine].Value
	if _, there := groups[refOf(m)]; !there {
		return m, sizing, false, failure.New(failure.NotFound, "the group is gone")
	}
	for _, group := range groups {
		if group.Actions == nil {
			return m, sizing, false, nil
		}
	}
	sizing = r.sizing(m, managers, groups)
	if sizing.Leased, err = r.Records.CountOf(ctx, key, fleet.Leased); err != nil {
		return m, sizing, false, err
	}
	sizing.Pending, err = r.Records.CountOf(ctx, key, fleet.PendingDeletion)
	return m, sizing, err == nil, err
}

// unclaim gives the claim back once its work is done.
func (r resizer) unclaim(ctx context.Context, key fleet.ManagerKey, by string) error {
	_, err := r.Records.ChangeManager(ctx, key, func(now fleet.Manager) (fleet.Manager, bool) {
		if now.Claim.By != by {
			return now, false
		}
		now.Claim = fleet.ResizeClaim{}
		return now, true
	})
	return err
}
