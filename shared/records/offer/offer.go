// Package offer is the protocol between an instance's record and its entry in
// the Machine Provider's catalog. It offers a machine and takes it back such
// that a machine that may be leased is never deleted.
//
// The record becomes cataloged, with the offer's number, before the machine is
// offered. It becomes pending deletion only when the catalog is known not to
// have the machine and not to accept it any more. An offer of unknown outcome
// is settled: the catalog returns the entry, or refuses the offer from then on.
// So at most one offer of a machine is ever alive. See docs/decisions/0002.
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

// Change applies a transition to those instances that were not offered again
// since they were read.
func (p Protocol) Change(ctx context.Context, items []records.Instance, transition func(fleet.Instance) (fleet.Instance, bool)) ([]fleet.Instance, error) {
	read := map[string]int64{}
	for _, item := range items {
		read[item.Value.Key()] = item.Value.OfferNumber
	}
	return p.Records.ChangeInstances(ctx, items, func(i fleet.Instance) (fleet.Instance, bool) {
		if i.OfferNumber != read[i.Key()] {
			return i, false
		}
		return transition(i)
	})
}

// Ask reads machines from the catalog and returns them by their instance's key.
// An entry that holds another machine with the same hostname counts as missing.
func (p Protocol) Ask(ctx context.Context, items []records.Instance) (map[string]catalog.Machine, error) {
	return p.ask(ctx, items, false)
}

func (p Protocol) ask(ctx context.Context, items []records.Instance, settle bool) (map[string]catalog.Machine, error) {
	questions := make([]catalog.Question, len(items))
	for i, item := range items {
		questions[i] = catalog.Question{Hostname: item.Value.Hostname, Settle: settle, Instance: item.Value.Key(), Offer: item.Value.OfferNumber}
	}
	answers, err := p.Catalog.Get(ctx, questions...)
	if err != nil {
		return nil, fmt.Errorf("ask the catalog for %d machines: %w", len(items), err)
	}
	machines := make(map[string]catalog.Machine, len(items))
	for i, item := range items {
		machine := answers[i]
		if machine.Err == nil && machine.Instance != "" && machine.Instance != item.Value.Key() {
			machine = catalog.Machine{Hostname: machine.Hostname, Err: catalog.ErrNotFound}
		}
		machines[item.Value.Key()] = machine
	}
	return machines, nil
}

// See records the state of the machines that the catalog has, and returns the
// instances whose records changed.
func (p Protocol) See(ctx context.Context, items []records.Instance, machines map[string]catalog.Machine) ([]fleet.Instance, error) {
	return p.Records.ChangeInstances(ctx, items, func(i fleet.Instance) (fleet.Instance, bool) {
		switch machine, asked := machines[i.Key()]; {
		case !asked || machine.Err != nil:
			return i, false
		case machine.Leased():
			return i.SeeLease(machine.LeaseExpiration, machine.LeasedIndefinitely)
		}
		return i.SeeFree(p.Now())
	})
}

// Settle settles the offers of machines. It records those that the catalog has.
// absent are those that the catalog certainly does not have and whose offers it
// refuses from now on; seen are the instances whose records changed.
func (p Protocol) Settle(ctx context.Context, items []records.Instance) (absent []records.Instance, seen []fleet.Instance, _ error) {
	if len(items) == 0 {
		return nil, nil, nil
	}
	machines, err := p.ask(ctx, items, true)
	if err != nil {
		return nil, nil, err
	}
	var errs []error
	for _, item := range items {
		switch machine := machines[item.Value.Key()]; {
		case machine.Err == nil:
		case !errors.Is(machine.Err, catalog.ErrNotFound):
			errs = append(errs, fmt.Errorf("ask the catalog for %s: %w", item.Value.Hostname, machine.Err))
		case p.final(machine.Err, item.Value):
			absent = append(absent, item)
		}
	}
	seen, err = p.See(ctx, items, machines)
	return absent, seen, errors.Join(append(errs, err)...)
}

// final reports whether the catalog's answer that it has no such machine will
// stay true. If the Machine Provider cannot settle an offer, the answer is
// final once no offer can still be under way; only in that case time decides.
func (p Protocol) final(answer error, i fleet.Instance) bool {
	if errors.Is(answer, catalog.ErrSettled) || i.OutForGood() || i.OffersOver(p.Now()) {
		return true
	}
	until := i.CatalogedAt.Add(fleet.OfferWindow)
	p.Log.Info("an offer of "+i.Hostname+" may still be under way, until "+until.Format(time.TimeOnly)+": until then it does not count as taken out, and the catalog is asked again at each tick",
		"hostname", i.Hostname, "until", until)
	return false
}

// Offer adds machines to the catalog, and returns those that the catalog now
// has. Each record becomes cataloged before its machine is offered. A machine
// that the catalog did not take becomes found again, and a later sweep offers
// it again.
func (p Protocol) Offer(ctx context.Context, items []records.Instance, entry func(fleet.Instance) catalog.Entry) ([]fleet.Instance, error) {
	var ready, unsure []records.Instance
	for _, item := range items {
		if item.Value.MaybeOffered() {
			unsure = append(unsure, item)
		} else {
			ready = append(ready, item)
		}
	}
	absent, cataloged, settleErr := p.Settle(ctx, unsure)
	claimed, claimErr := p.Change(ctx, append(ready, absent...), func(i fleet.Instance) (fleet.Instance, bool) { return i.Offer(p.Now()) })
	added, addErr := p.add(ctx, claimed, entry)
	return append(cataloged, added...), errors.Join(settleErr, claimErr, addErr)
}

func (p Protocol) add(ctx context.Context, claimed []fleet.Instance, entry func(fleet.Instance) catalog.Entry) ([]fleet.Instance, error) {
	if len(claimed) == 0 {
		return nil, nil
	}
	entries := make([]catalog.Entry, len(claimed))
	for i, instance := range claimed {
		entries[i] = entry(instance)
	}
	answers, err := p.Catalog.Add(ctx, entries...)
	if err != nil {
		// Each of them may be in the catalog.
		return nil, errors.Join(fmt.Errorf("add %d machines to the catalog: %w", len(claimed), err), p.decline(ctx, claimed, false))
	}
	var added, refused, unsure []fleet.Instance
	var errs []error
	for i, answer := range answers {
		switch instance := claimed[i]; {
		case answer == nil:
			added = append(added, instance)
		case errors.Is(answer, catalog.ErrSettled):
			refused = append(refused, instance)
		case errors.Is(answer, catalog.ErrReused):
			unsure = append(unsure, instance)
			p.Log.Warn("the catalog has a machine as "+instance.Hostname+" already; the next tick asks whose it is", "hostname", instance.Hostname)
		default:
			unsure = append(unsure, instance)
			errs = append(errs, fmt.Errorf("add %s to the catalog: %w", instance.Hostname, answer))
		}
	}
	return added, errors.Join(append(errs, p.decline(ctx, refused, true), p.decline(ctx, unsure, false))...)
}

func (p Protocol) decline(ctx context.Context, instances []fleet.Instance, certain bool) error {
	number := map[string]int64{}
	keys := make([]string, len(instances))
	for i, instance := range instances {
		keys[i] = instance.Key()
		number[instance.Key()] = instance.OfferNumber
	}
	items, err := p.Records.Instances(ctx, keys...)
	if err != nil {
		return err
	}
	_, err = p.Records.ChangeInstances(ctx, items, func(i fleet.Instance) (fleet.Instance, bool) {
		if i.OfferNumber != number[i.Key()] {
			return i, false
		}
		return i.Decline(certain)
	})
	return err
}
