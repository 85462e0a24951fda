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

// confirm takes instances that the catalog does not have although no message
// said that they were reclaimed, and returns those that may be given up. An
// instance whose lease is known to be over may be given up at once; any other is
// only noted the first time. If the catalog misses too many machines of a
// manager, none of them is given up, because then the Machine Provider is not to
// be believed.
func (u updater) confirm(ctx context.Context, items []records.Instance, complete bool) ([]records.Instance, error) {
	var missing, cutOff []records.Instance
	for _, item := range items {
		switch i := item.Value; {
		case i.OffersOver(u.Now()) || i.State == fleet.Leased:
			missing = append(missing, item)
		case complete && i.CutOff(u.Now()): // otherwise it may have been leased and reclaimed unnoticed
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
			err = fmt.Errorf("confirm the instances of %s that the catalog misses: %w", key, err)
		}
		confirmed, errs = append(confirmed, some...), append(errs, err)
	}
	return confirmed, job.Joined(errs...)
}

func (u updater) confirmGroup(ctx context.Context, key fleet.ManagerKey, group []records.Instance, brake fleet.Brake) ([]records.Instance, error) {
	now := u.Now()
	var ready, first []records.Instance
	for _, item := range group {
		if item.Value.LeaseOver(now) || item.Value.Confirmed(now) {
			ready = append(ready, item)
		} else {
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
		u.Log.Error(fmt.Sprintf("the catalog misses %d of the %d instances of %s, more than the %d that may be given up: none is given up; check that the Machine Provider is the right one and has its data",
			missing, total, key, allowed), append(job.ManagerAttrs(key), "event", "BRAKE_ENGAGED", "missing", missing, "instances", total, "allowed", allowed,
			"next", "checked again at each tick; the brake ends when the catalog has the machines again, or more of them may be given up")...)
		return nil, nil
	}
	return ready, nil
}

// census asks the catalog for all of a manager's machines. missing is the number
// of those that the catalog lacks without an explanation.
func (u updater) census(ctx context.Context, key fleet.ManagerKey) (missing, total int, err error) {
	all, err := u.Records.InstancesOf(ctx, key, fleet.Cataloged, fleet.Leased)
	if err != nil {
		return 0, 0, err
	}
	looks, err := u.Offers.Ask(ctx, all)
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
