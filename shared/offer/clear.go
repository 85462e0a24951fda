package offer

import (
	"context"
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/catalog"
	"github.com/gce-backend/gce-backend/shared/entities"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Clear is the last look before VMs are deleted. It answers the instances that
// the catalog certainly does not offer: an entry that is left is removed, and
// a lease that slipped in brings its instance back.
func (p Protocol) Clear(ctx context.Context, items []entities.Instance) ([]entities.Instance, error) {
	if len(items) == 0 {
		return nil, nil
	}
	looks, err := p.Look(ctx, items)
	if err != nil {
		return nil, err
	}
	var clear, left, leased []entities.Instance
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
	removed, err := p.removeLeft(ctx, left)
	return append(clear, removed...), errors.Join(append(errs, err)...)
}

// removeLeft removes entries of instances that are pending deletion already.
func (p Protocol) removeLeft(ctx context.Context, items []entities.Instance) ([]entities.Instance, error) {
	if len(items) == 0 {
		return nil, nil
	}
	removals := make([]catalog.Removal, len(items))
	for i, item := range items {
		removals[i] = catalog.Removal{Hostname: item.Value.Hostname, Instance: item.Value.Key()}
	}
	answers, err := p.Catalog.Remove(ctx, removals...)
	if err != nil {
		return nil, fmt.Errorf("remove %d machines from the catalog: %w", len(items), err)
	}
	var removed, leased []entities.Instance
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
// machine is offered; one that the catalog did not take goes back to found.
func (p Protocol) Offer(ctx context.Context, items []entities.Instance, entry func(fleet.Instance) catalog.Entry) (Offered, error) {
	now := p.Now()
	claimed, err := p.Entities.ChangeInstances(ctx, items, func(i fleet.Instance) (fleet.Instance, bool) { return i.Offer(now) })
	if err != nil || len(claimed) == 0 {
		return Offered{}, err
	}
	entries := make([]catalog.Entry, len(claimed))
	for i, instance := range claimed {
		entries[i] = entry(instance)
	}
	answers, err := p.Catalog.Add(ctx, entries...)
	if err != nil {
		// Nothing is known of any of them: each may be in the catalog.
		back := p.decline(ctx, claimed, false)
		return Offered{Refused: claimed}, errors.Join(fmt.Errorf("add %d machines to the catalog: %w", len(claimed), err), back)
	}
	return p.sort(ctx, claimed, answers)
}

// sort tells the machines that are in the catalog from those that are not.
func (p Protocol) sort(ctx context.Context, claimed []fleet.Instance, answers []error) (Offered, error) {
	var offered Offered
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
	same, others, err := p.compareReused(ctx, reused)
	errs = append(errs, err)
	offered.Cataloged = append(offered.Cataloged, same...)
	offered.Refused = append(unsure, others...)
	errs = append(errs, p.decline(ctx, unsure, false), p.decline(ctx, others, true))
	return offered, errors.Join(errs...)
}

// compareReused tells the hostnames that the catalog has for this very
// instance, from an offer before, from those that another machine holds.
func (p Protocol) compareReused(ctx context.Context, reused []fleet.Instance) (same, others []fleet.Instance, err error) {
	if len(reused) == 0 {
		return nil, nil, nil
	}
	hostnames := make([]string, len(reused))
	for i, instance := range reused {
		hostnames[i] = instance.Hostname
	}
	machines, err := p.Catalog.Get(ctx, hostnames...)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("ask the catalog who holds %d hostnames: %w", len(hostnames), err), p.decline(ctx, reused, false))
	}
	for i, machine := range machines {
		if machine.Err == nil && machine.Instance == reused[i].Key() {
			same = append(same, reused[i])
			continue
		}
		others = append(others, reused[i])
		p.Log.Warn("the catalog has another machine as "+reused[i].Hostname+"; offered again when it is out",
			"hostname", reused[i].Hostname, "holder", machine.Instance)
	}
	return same, others, nil
}

func (p Protocol) decline(ctx context.Context, instances []fleet.Instance, certain bool) error {
	if len(instances) == 0 {
		return nil
	}
	keys := make([]string, len(instances))
	for i, instance := range instances {
		keys[i] = instance.Key()
	}
	items, err := p.Entities.Instances(ctx, keys...)
	if err != nil {
		return err
	}
	_, err = p.Entities.ChangeInstances(ctx, items, func(i fleet.Instance) (fleet.Instance, bool) { return i.Decline(certain) })
	return err
}
