package offer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Clear is the last look before VMs are deleted. It answers the instances that
// the catalog certainly does not offer, nor will: an entry that is left is
// removed, and a lease that slipped in brings its instance back.
func (p Protocol) Clear(ctx context.Context, items []records.Instance) ([]records.Instance, error) {
	if len(items) == 0 {
		return nil, nil
	}
	looks, err := p.Look(ctx, items)
	if err != nil {
		return nil, err
	}
	var clear, left, leased []records.Instance
	var errs []error
	for _, item := range items {
		switch machine := looks[item.Value.Key()]; {
		case errors.Is(machine.Err, catalog.ErrNotFound):
			clear = append(clear, item)
		case machine.Err != nil:
			errs = append(errs, fmt.Errorf("ask the catalog for %s: %w", item.Value.Hostname, machine.Err))
		case machine.Leased():
			leased = append(leased, item)
		default:
			left = append(left, item)
		}
	}
	for _, item := range leased {
		p.Log.Warn("not deleted, because it was leased meanwhile: "+item.Value.Hostname, "hostname", item.Value.Hostname)
	}
	_, err = p.seeLeases(ctx, leased)
	errs = append(errs, err)
	removed, err := p.removeLeft(ctx, left, false)
	return p.forGood(append(clear, removed...)), errors.Join(append(errs, err)...)
}

// ClearGone is Clear for VMs that are gone already: a lease on one is ended,
// where the Machine Provider knows how.
func (p Protocol) ClearGone(ctx context.Context, items []records.Instance) ([]records.Instance, error) {
	removed, err := p.removeLeft(ctx, items, true)
	return p.forGood(removed), err
}

// forGood keeps the machines that no offer can bring back into the catalog.
func (p Protocol) forGood(items []records.Instance) []records.Instance {
	var kept []records.Instance
	for _, item := range items {
		if item.Value.RemovedForGood(p.Now()) {
			kept = append(kept, item)
		} else {
			p.underWay(item)
		}
	}
	return kept
}

// removeLeft removes entries of instances that are pending deletion already.
func (p Protocol) removeLeft(ctx context.Context, items []records.Instance, gone bool) ([]records.Instance, error) {
	if len(items) == 0 {
		return nil, nil
	}
	removals := make([]catalog.Removal, len(items))
	for i, item := range items {
		removals[i] = catalog.Removal{Hostname: item.Value.Hostname, Instance: item.Value.Key(), Gone: gone}
	}
	answers, err := p.Catalog.Remove(ctx, removals...)
	if err != nil {
		return nil, fmt.Errorf("remove %d machines from the catalog: %w", len(items), err)
	}
	var removed, leased []records.Instance
	var errs []error
	for i, answer := range answers {
		switch {
		case answer == nil, errors.Is(answer, catalog.ErrNotFound):
			removed = append(removed, items[i])
		case errors.Is(answer, catalog.ErrLeased):
			leased = append(leased, items[i])
		default:
			errs = append(errs, fmt.Errorf("remove %s from the catalog: %w", items[i].Value.Hostname, answer))
		}
	}
	_, err = p.seeLeases(ctx, leased)
	return removed, errors.Join(append(errs, err)...)
}

// Offered is what became of an offer.
type Offered struct {
	Cataloged []fleet.Instance
	// Refused were not taken, and are tried again by the next sweep.
	Refused []fleet.Instance
}

// Offer adds machines to the catalog. Each record says cataloged before the
// machine is offered; one that the catalog did not take goes back to found. The
// offer is open until all the records say what became of it.
func (p Protocol) Offer(ctx context.Context, items []records.Instance, entry func(fleet.Instance) catalog.Entry) (Offered, error) {
	if len(items) == 0 {
		return Offered{}, nil
	}
	open, err := p.Records.OpenOffer(ctx, items, p.Now())
	if err != nil {
		return Offered{}, err
	}
	offered, settled, err := p.offer(ctx, items, open.Value.At, entry)
	if settled {
		err = errors.Join(err, p.Records.CloseOffer(ctx, open))
	}
	return offered, err
}

// offer makes an offer; settled reports whether the records say what became of it.
func (p Protocol) offer(ctx context.Context, items []records.Instance, now time.Time, entry func(fleet.Instance) catalog.Entry) (_ Offered, settled bool, _ error) {
	claimed, claimErr := p.Records.ChangeInstances(ctx, items, func(i fleet.Instance) (fleet.Instance, bool) { return i.Offer(now) })
	if len(claimed) == 0 {
		return Offered{}, claimErr == nil, claimErr
	}
	entries := make([]catalog.Entry, len(claimed))
	for i, instance := range claimed {
		entries[i] = entry(instance)
	}
	answers, err := p.Catalog.Add(ctx, entries...)
	if err != nil {
		// Nothing is known of any of them: each may be in the catalog.
		back := p.decline(ctx, claimed, false)
		return Offered{Refused: claimed}, claimErr == nil && back == nil,
			errors.Join(claimErr, fmt.Errorf("add %d machines to the catalog: %w", len(claimed), err), back)
	}
	offered, declined, err := p.sort(ctx, claimed, answers)
	return offered, claimErr == nil && declined, errors.Join(claimErr, err)
}

// sort tells the machines that are in the catalog from those that are not;
// declined reports whether the records of the latter say so.
func (p Protocol) sort(ctx context.Context, claimed []fleet.Instance, answers []error) (offered Offered, declined bool, _ error) {
	var reused, unsure []fleet.Instance
	var errs []error
	for i, answer := range answers {
		switch {
		case answer == nil:
			offered.Cataloged = append(offered.Cataloged, claimed[i])
		case errors.Is(answer, catalog.ErrReused):
			reused = append(reused, claimed[i])
		default:
			unsure = append(unsure, claimed[i])
			errs = append(errs, fmt.Errorf("add %s to the catalog: %w", claimed[i].Hostname, answer))
		}
	}
	held, err := p.compareReused(ctx, reused)
	errs = append(errs, err)
	unsure = append(unsure, held.unknown...)
	offered.Cataloged = append(offered.Cataloged, held.same...)
	offered.Refused = append(slices.Clone(unsure), held.others...)
	err = errors.Join(p.decline(ctx, unsure, false), p.decline(ctx, held.others, true))
	return offered, err == nil, errors.Join(append(errs, err)...)
}

// holders sorts instances whose hostname is in the catalog by who holds it.
type holders struct {
	same    []fleet.Instance // this very instance, from an offer before
	others  []fleet.Instance // another machine
	unknown []fleet.Instance // nobody can tell
}

func (p Protocol) compareReused(ctx context.Context, reused []fleet.Instance) (holders, error) {
	if len(reused) == 0 {
		return holders{}, nil
	}
	hostnames := make([]string, len(reused))
	for i, instance := range reused {
		hostnames[i] = instance.Hostname
	}
	machines, err := p.Catalog.Get(ctx, hostnames...)
	if err != nil {
		return holders{unknown: reused}, fmt.Errorf("ask the catalog who holds %d hostnames: %w", len(hostnames), err)
	}
	var held holders
	var errs []error
	for i, machine := range machines {
		switch instance := reused[i]; {
		case machine.Err == nil && machine.Instance == instance.Key():
			held.same = append(held.same, instance)
		case machine.Err == nil && machine.Instance != "":
			held.others = append(held.others, instance)
			p.Log.Warn("the catalog has another machine as "+instance.Hostname+"; offered again when it is out",
				"hostname", instance.Hostname, "holder", machine.Instance)
		case machine.Err == nil, errors.Is(machine.Err, catalog.ErrNotFound):
			held.unknown = append(held.unknown, instance) // it left meanwhile, or does not say whose it is
		default:
			held.unknown = append(held.unknown, instance)
			errs = append(errs, fmt.Errorf("ask the catalog who holds %s: %w", instance.Hostname, machine.Err))
		}
	}
	return held, errors.Join(errs...)
}

func (p Protocol) decline(ctx context.Context, instances []fleet.Instance, certain bool) error {
	if len(instances) == 0 {
		return nil
	}
	keys := make([]string, len(instances))
	for i, instance := range instances {
		keys[i] = instance.Key()
	}
	items, err := p.Records.Instances(ctx, keys...)
	if err != nil {
		return err
	}
	_, err = p.Records.ChangeInstances(ctx, items, func(i fleet.Instance) (fleet.Instance, bool) { return i.Decline(certain) })
	return err
}
