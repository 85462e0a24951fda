package updatecatalogedinstances

import (
	"context"
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// confirm decides about instances that the catalog does not have, though no
// message said that they were reclaimed. One whose lease is known to be over
// needs no second look; any other is only noted at the first. And of a manager
// that misses more than its share nothing is given up at all: then it is the
// Machine Provider that is not to be believed.
func (u updater) confirm(ctx context.Context, items []records.Instance, complete bool) ([]records.Instance, error) {
	var missing, cutOff []records.Instance
	for _, item := range items {
		switch i := item.Value; {
		case i.OffersOver(u.Now()) || i.State == fleet.Leased:
			missing = append(missing, item)
		case complete && i.CutOff(u.Now()): // else its lease may have ended unheard of
			cutOff = append(cutOff, item)
		}
	}
	groups, keys := job.ByManager(missing)
	if err := u.offerAgain(ctx, cutOff); err != nil || len(groups) == 0 {
		return nil, err
	}
	settings, err := u.Settings(ctx)
	if err != nil {
		return nil, err
	}
	var confirmed []records.Instance
	var errs []error
	for _, key := range keys {
		some, err := u.confirmGroup(ctx, key, groups[key], settings.Brake)
		if err != nil {
			err = fmt.Errorf("confirm what the catalog misses of %s: %w", key, err)
		}
		confirmed, errs = append(confirmed, some...), append(errs, err)
	}
	return confirmed, job.Joined(errs...)
}

func (u updater) confirmGroup(ctx context.Context, key fleet.ManagerKey, group []records.Instance, brake fleet.Brake) ([]records.Instance, error) {
	now := u.Now()
	var ready, first []records.Instance
	for _, item := range group {
		switch i := item.Value; {
		case i.LeaseOver(now), i.Confirmed(now):
			ready = append(ready, item)
		default:
			first = append(first, item)
		}
	}
	_, err := u.Records.ChangeInstances(ctx, first, func(i fleet.Instance) (fleet.Instance, bool) { return i.SeeMissing(now) })
	if err != nil || len(ready) == 0 {
		return nil, err
	}
	missing, total, err := u.census(ctx, key)
	if err != nil {
		return nil, err
	}
	if allowed := brake.Allowance(total); missing > allowed {
		u.Log.Error(fmt.Sprintf("the catalog misses %d of the %d instances of %s, more than the %d that may be given up: nothing is; see whether the Machine Provider is the right one and has its data",
			missing, total, key, allowed), append(job.ManagerAttrs(key), "event", "BRAKE_ENGAGED", "missing", missing, "instances", total, "allowed", allowed,
			"next", "looked at again at each tick; it ends when the catalog has the machines again, or more of them may be given up")...)
		return nil, nil
	}
	return ready, nil
}

// census asks the catalog for all of a manager's machines, and counts those
// that it misses although nothing explains it.
func (u updater) census(ctx context.Context, key fleet.ManagerKey) (missing, total int, err error) {
	all, err := u.Records.InstancesOf(ctx, key, fleet.Cataloged, fleet.Leased)
	if err != nil {
		return 0, 0, err
	}
	looks, err := u.Offers.Look(ctx, all)
	if err != nil {
		return 0, 0, err
	}
	for _, item := range all {
		switch machine := looks[item.Value.Key()]; {
		case machine.Err == nil:
		case !errors.Is(machine.Err, catalog.ErrNotFound):
			return 0, 0, failure.New(failure.Transient, "ask for %s: %w", item.Value.Hostname, machine.Err)
		case !item.Value.LeaseOver(u.Now()):
			missing++
		}
	}
	return missing, len(all), nil
}
