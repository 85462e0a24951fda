package offer

import (
	"context"
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Withdrawal is the reason for which machines are taken out of the catalog.
type Withdrawal struct {
	Reason string
	// Gone means that the VMs no longer exist. A lease on one of them is then
	// ended, if the Machine Provider supports that.
	Gone bool
}

// Outcome is the result of a withdrawal.
type Outcome struct {
	// Withdrawn are the instances that are now pending deletion.
	Withdrawn []fleet.Instance
	// Leased are the instances that are leased and left alone.
	Leased []fleet.Instance
}

// Withdraw takes machines out of the catalog and marks those that are out as
// pending deletion. It does not ask the catalog about a machine that was never
// offered. It leaves a leased machine alone, and one about which the catalog's
// answer is not certain; the next sweep asks again.
func (p Protocol) Withdraw(ctx context.Context, items []records.Instance, why Withdrawal) (Outcome, error) {
	var never, offered []records.Instance
	for _, item := range items {
		switch {
		case !item.Value.Live():
		case item.Value.MaybeOffered():
			offered = append(offered, item)
		default:
			never = append(never, item)
		}
	}
	withdrawn, err := p.Records.ChangeInstances(ctx, never, func(i fleet.Instance) (fleet.Instance, bool) {
		if i.MaybeOffered() { // another run offered it since
			return i, false
		}
		return i.Reclaim(why.Reason)
	})
	out, leased, outErr := p.remove(ctx, offered, why.Gone)
	more, markErr := p.Change(ctx, out, func(i fleet.Instance) (fleet.Instance, bool) { return i.Reclaim(why.Reason) })
	return Outcome{Withdrawn: append(withdrawn, more...), Leased: leased}, errors.Join(err, outErr, markErr)
}

// Clear is the last check before VMs are deleted. It returns the instances that
// the catalog certainly does not have. It removes any entry that is left; a
// machine that was leased in the meantime becomes a leased instance again.
func (p Protocol) Clear(ctx context.Context, items []records.Instance) ([]records.Instance, error) {
	clear, leased, err := p.remove(ctx, items, false)
	for _, i := range leased {
		p.Log.Warn("not deleted, because it was leased meanwhile: "+i.Hostname, "hostname", i.Hostname)
	}
	return clear, err
}

// remove takes machines out of the catalog. It returns those that are out for
// good, and those that are leased, after it has recorded their leases.
func (p Protocol) remove(ctx context.Context, items []records.Instance, gone bool) (out []records.Instance, leased []fleet.Instance, _ error) {
	if len(items) == 0 {
		return nil, nil, nil
	}
	removals := make([]catalog.Removal, len(items))
	for i, item := range items {
		removals[i] = catalog.Removal{Hostname: item.Value.Hostname, Instance: item.Value.Key(), Gone: gone,
			Settle: !item.Value.OutForGood(), Offer: item.Value.OfferNumber}
	}
	answers, err := p.Catalog.Remove(ctx, removals...)
	if err != nil {
		return nil, nil, fmt.Errorf("remove %d machines from the catalog: %w", len(items), err)
	}
	var held []records.Instance
	var errs []error
	for i, answer := range answers {
		switch item := items[i]; {
		case answer == nil && (item.Value.OfferNumber > 0 || p.final(answer, item.Value)),
			errors.Is(answer, catalog.ErrNotFound) && p.final(answer, item.Value):
			out = append(out, item)
		case answer == nil, errors.Is(answer, catalog.ErrNotFound): // the next sweep asks again
		case errors.Is(answer, catalog.ErrLeased):
			held = append(held, item)
		default:
			errs = append(errs, fmt.Errorf("remove %s from the catalog: %w", item.Value.Hostname, answer))
		}
	}
	leased, err = p.seeLeases(ctx, held)
	return out, leased, errors.Join(append(errs, err)...)
}

// seeLeases records the leases of machines that the catalog reported as leased.
func (p Protocol) seeLeases(ctx context.Context, items []records.Instance) ([]fleet.Instance, error) {
	if len(items) == 0 {
		return nil, nil
	}
	machines, err := p.Ask(ctx, items)
	if err != nil {
		return nil, err
	}
	_, err = p.See(ctx, items, machines)
	var leased []fleet.Instance
	for _, item := range items {
		machine := machines[item.Value.Key()]
		if i, ok := item.Value.SeeLease(machine.LeaseExpiration, machine.LeasedIndefinitely); ok && machine.Leased() {
			leased = append(leased, i)
		}
	}
	return leased, err
}
