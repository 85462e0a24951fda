package resizeinstancegroups

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

// A call that failed on its way is made again under the claim: its request id is
// the same, so that it is not done twice. Otherwise the pool would have to wait
// for the claim's end.
const (
	tries = 3
	pause = 2 * time.Second // before the second try; it doubles
)

// grow raises the group's target size. Of several runs at once the one that
// wins the claim calls, and it decides anew under the claim: what others have
// claimed until then, for other revisions too, is seen, and VMs that are
// pending deletion are not deleted by those who look at the claim later.
func (r resizer) grow(ctx context.Context, m fleet.Manager, sizing fleet.Sizing) error {
	target, ok := sizing.Target()
	if !ok {
		return nil
	}
	if wait := r.steps.Take(m.Key().String(), r.Now()); wait > 0 {
		if err := r.Sleep(ctx, wait); err != nil {
			return err
		}
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
		again, why := r.raise(ctx, m.Key(), by, target)
		if !again {
			break // the group shows it, or cannot be seen
		}
		err = why
	}
	if !sent || ended(err) { // else it is not known whether it was done, and the claim stands
		err = job.Joined(err, r.unclaim(ctx, m.Key(), by))
	}
	if err != nil || !sent {
		return err
	}
	return r.Announce(ctx, "groups-resized", job.ManagerScope(m.Key()))
}

// raise calls, as the one that holds the claim, for no more than was claimed;
// sent reports whether it did.
func (r resizer) raise(ctx context.Context, key fleet.ManagerKey, by string, most int) (sent bool, err error) {
	m, sizing, ok, err := r.decide(ctx, key)
	if err != nil || !ok || m.Claim.By != by {
		return false, err
	}
	target, ok := sizing.Target()
	if target = min(target, most); !ok || target <= sizing.Group.Target {
		return false, nil
	}
	return true, r.call(ctx, m, sizing, target)
}

// call makes the claim's one request.
func (r resizer) call(ctx context.Context, m fleet.Manager, sizing fleet.Sizing, target int) error {
	request := fleet.RequestID("resize group", r.Deployment, m.Project, m.Zone, m.GroupName(), m.Claim.By)
	if err := r.Compute.ResizeGroup(ctx, refOf(m), target, request); err != nil {
		return err
	}
	r.Log.Info(fmt.Sprintf("resized group %s in %s from %d to %d", m.GroupName(), m.Zone, sizing.Group.Target, target),
		append(job.ManagerAttrs(m.Key()), "target", target)...)
	return nil
}

// ended reports whether a call is known to have ended, well or not.
func ended(err error) bool {
	var operation *compute.OperationError
	return !failure.Is(err, failure.Transient) || errors.As(err, &operation)
}

// decide reads all that a manager's size is decided by; ok is false where it
// cannot be.
func (r resizer) decide(ctx context.Context, key fleet.ManagerKey) (m fleet.Manager, sizing fleet.Sizing, ok bool, err error) {
	managers, err := r.Records.ManagersInZone(ctx, key.BaseName, key.Zone)
	if err != nil {
		return m, sizing, false, err
	}
	for _, manager := range managers {
		of := manager.Value
		if of.URL == "" {
			continue
		}
		group, err := r.Compute.Group(ctx, refOf(of))
		switch {
		case of.Key() != key && failure.Is(err, failure.NotFound):
		case err != nil || group.Actions == nil:
			return m, sizing, false, err
		case of.Key() == key:
			m, sizing.Minimum, sizing.Maximum, sizing.Group = of, of.MinimumSize, of.MaximumSize, countsOf(group)
		default:
			sizing.Others += of.Expected(countsOf(group), r.Now())
		}
	}
	if m.State != fleet.Active {
		return m, sizing, false, nil
	}
	return m, sizing, true, r.count(ctx, key, &sizing)
}

func (r resizer) count(ctx context.Context, key fleet.ManagerKey, sizing *fleet.Sizing) (err error) {
	if sizing.Leased, err = r.Records.CountOf(ctx, key, fleet.Leased); err != nil {
		return err
	}
	sizing.Pending, err = r.Records.CountOf(ctx, key, fleet.PendingDeletion)
	return err
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
