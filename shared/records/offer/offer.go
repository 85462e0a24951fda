// Package offer is the protocol between an instance's record and its entry in
// the Machine Provider's catalog: how a machine is offered and how it is taken
// back, such that a machine that may be leased is never deleted.
//
// The record says cataloged before the machine is offered, and pending
// deletion only when the catalog is known not to have it any more.
package offer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Protocol offers machines and takes them back.
type Protocol struct {
	Records records.Records
	Catalog catalog.Catalog
	Now     func() time.Time
	Log     *slog.Logger
}

// Withdrawal is why machines are taken out of the catalog.
type Withdrawal struct {
	Reason string
	// Gone says that the VMs exist no more: a lease on one is ended with it,
	// where the Machine Provider knows how.
	Gone bool
}

// Outcome is what became of a withdrawal.
type Outcome struct {
	// Withdrawn are pending deletion now.
	Withdrawn []fleet.Instance
	// Leased are leased and left alone.
	Leased []fleet.Instance
}

// Withdraw takes machines out of the catalog and marks those that are out as
// pending deletion. A machine that was never offered needs no asking; a leased
// one is left alone, and so is one whose answer is not certain: the next sweep
// asks again.
func (p Protocol) Withdraw(ctx context.Context, items []records.Instance, why Withdrawal) (Outcome, error) {
	var outcome Outcome
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
		if i.MaybeOffered() { // it was offered since
			return i, false
		}
		return i.Reclaim(why.Reason)
	})
	outcome.Withdrawn = withdrawn
	if err != nil || len(offered) == 0 {
		return outcome, err
	}
	return outcome, p.takeBack(ctx, offered, why, &outcome)
}

func (p Protocol) takeBack(ctx context.Context, items []records.Instance, why Withdrawal, outcome *Outcome) error {
	removals := make([]catalog.Removal, len(items))
	for i, item := range items {
		removals[i] = catalog.Removal{Hostname: item.Value.Hostname, Instance: item.Value.Key(), Gone: why.Gone}
	}
	answers, err := p.Catalog.Remove(ctx, removals...)
	if err != nil {
		return fmt.Errorf("remove %d machines from the catalog: %w", len(items), err)
	}
	var out, leased []records.Instance
	var errs []error
	for i, answer := range answers {
		switch {
		case answer == nil && items[i].Value.RemovedForGood(p.Now()),
			errors.Is(answer, catalog.ErrNotFound) && items[i].Value.RemovalCertain(p.Now()):
			out = append(out, items[i])
		case answer == nil, errors.Is(answer, catalog.ErrNotFound):
			p.underWay(items[i])
		case errors.Is(answer, catalog.ErrLeased):
			leased = append(leased, items[i])
		default:
			errs = append(errs, fmt.Errorf("remove %s from the catalog: %w", items[i].Value.Hostname, answer))
		}
	}
	offeredAt := map[string]time.Time{}
	for _, item := range out {
		offeredAt[item.Value.Key()] = item.Value.CatalogedAt
	}
	withdrawn, err := p.Records.ChangeInstances(ctx, out, func(i fleet.Instance) (fleet.Instance, bool) {
		if !i.CatalogedAt.Equal(offeredAt[i.Key()]) { // offered again since: the answer is about the offer before
			return i, false
		}
		return i.Reclaim(why.Reason)
	})
	outcome.Withdrawn = append(outcome.Withdrawn, withdrawn...)
	errs = append(errs, err)
	seen, err := p.seeLeases(ctx, leased)
	outcome.Leased = seen
	return errors.Join(append(errs, err)...)
}

func (p Protocol) underWay(item records.Instance) {
	until := item.Value.CatalogedAt.Add(fleet.OfferWindow)
	p.Log.Info("an offer of "+item.Value.Hostname+" may still be under way, until "+until.Format(time.TimeOnly)+": until then it does not count as taken out, and the catalog is asked again at each tick",
		"hostname", item.Value.Hostname, "until", until)
}

// seeLeases records the leases of machines that the catalog called leased.
func (p Protocol) seeLeases(ctx context.Context, items []records.Instance) ([]fleet.Instance, error) {
	if len(items) == 0 {
		return nil, nil
	}
	looks, err := p.Look(ctx, items)
	if err != nil {
		return nil, err
	}
	seen := map[string]fleet.Instance{} // the last word of each, because a change may be tried again
	_, err = p.Records.ChangeInstances(ctx, items, func(i fleet.Instance) (fleet.Instance, bool) {
		delete(seen, i.Key())
		machine := looks[i.Key()]
		if !machine.Leased() {
			return i, false
		}
		next, ok := i.SeeLease(machine.LeaseExpiration, machine.LeasedIndefinitely)
		if ok {
			seen[i.Key()] = next
		}
		return next, ok
	})
	var leased []fleet.Instance
	for _, item := range items {
		if instance, ok := seen[item.Value.Key()]; ok {
			leased = append(leased, instance)
		}
	}
	return leased, err
}

// Look asks the catalog for machines, by their instance's key. An entry that
// holds another machine of the hostname counts as none.
func (p Protocol) Look(ctx context.Context, items []records.Instance) (map[string]catalog.Machine, error) {
	hostnames := make([]string, len(items))
	for i, item := range items {
		hostnames[i] = item.Value.Hostname
	}
	machines, err := p.Catalog.Get(ctx, hostnames...)
	if err != nil {
		return nil, fmt.Errorf("ask the catalog for %d machines: %w", len(hostnames), err)
	}
	looks := make(map[string]catalog.Machine, len(items))
	for i, item := range items {
		machine := machines[i]
		if machine.Err == nil && machine.Instance != "" && machine.Instance != item.Value.Key() {
			machine = catalog.Machine{Hostname: machine.Hostname, Err: catalog.ErrNotFound}
		}
		looks[item.Value.Key()] = machine
	}
	return looks, nil
}
