package broker

import (
	"context"
	"fmt"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// ListPage is the maximum number of machines that one call of List returns.
const ListPage = 500

// Machine reads one machine. The error is leasing.EntryNotFound if there is no
// such machine.
func (b *Broker) Machine(ctx context.Context, id MachineID) (leasing.Machine, error) {
	found, errs, err := b.Machines(ctx, id)
	if err != nil {
		return leasing.Machine{}, err
	}
	return found[0], errs[0]
}

// Machines reads machines, in the order of the ids. The error at a machine's
// place is leasing.EntryNotFound if there is no such machine.
func (b *Broker) Machines(ctx context.Context, ids ...MachineID) ([]leasing.Machine, []error, error) {
	items, err := b.machines(ctx, ids...)
	if err != nil {
		return nil, nil, err
	}
	found, errs := make([]leasing.Machine, len(ids)), make([]error, len(ids))
	for i, item := range items {
		found[i], errs[i] = item.Value, readable(item)
		if errs[i] == nil && !item.Value.Entry() {
			errs[i] = leasing.EntryNotFound
		}
	}
	return found, errs, nil
}

// readable returns an error for a document that does not decode.
func readable(item storedMachine) error {
	if item.Exists() && item.Value.State == "" {
		return failure.New(failure.Permanent, "the stored machine %s cannot be read", item.Key().ID())
	}
	return nil
}

// Count counts a backend's machines in a state whose hostnames begin with a
// prefix.
func (b *Broker) Count(ctx context.Context, backend, prefix string, state leasing.MachineState) (int, error) {
	return count(ctx, b.options.Store, machinesOf(backend, prefix, state, 0, ""))
}

// List reads a backend's machines whose hostnames begin with a prefix, after a
// given hostname; more reports whether there are further machines.
func (b *Broker) List(ctx context.Context, backend, prefix, after string) (listed []leasing.Machine, more bool, err error) {
	page, err := find[leasing.Machine](ctx, b, machinesOf(backend, prefix, "", ListPage, after))
	for _, item := range page.items {
		if item.Value.Entry() {
			listed = append(listed, item.Value)
		}
	}
	return listed, page.last != nil, err
}

// Add puts machines into the catalog, each independently, and gives them to
// requests that wait for them. The errors are in order: leasing.HostnameReuse
// if the backend has a machine of that hostname, leasing.Settled if the offer
// was settled before it arrived.
func (b *Broker) Add(ctx context.Context, added ...leasing.Machine) []error {
	errs := make([]error, len(added))
	places := map[store.Key]int{}
	var additions []change
	for i, machine := range added {
		machine.AddedAt = b.now()
		machine.Spread = b.dice.below(leasing.MaxSpread)
		machine = machine.Free()
		key, err := MachineKey(machine.Backend, machine.Hostname)
		if _, twice := places[key]; twice {
			err = leasing.HostnameReuse
		}
		if errs[i] = err; err != nil {
			continue
		}
		places[key] = i
		additions = append(additions, change{machine: absent[leasing.Machine](key), machineTo: &machine})
	}
	var free []storedMachine
	for some := range slices.Chunk(additions, maxTogether) {
		for _, result := range b.addSome(ctx, some) {
			key := result.machine.Key()
			switch {
			case result.err == nil:
				free = append(free, result.machine)
			case failure.Is(result.err, failure.Conflict):
				errs[places[key]] = leasing.HostnameReuse
			default:
				errs[places[key]] = fmt.Errorf("add machine %s: %w", key.ID(), result.err)
			}
		}
	}
	b.handOut(ctx, free)
	return errs
}

// addSome creates documents. The first attempt reads nothing. If it conflicts,
// one read finds all the documents that exist already. A document without an
// entry gets one and keeps its fences, unless a fence refuses the addition. The
// results are in no particular order.
func (b *Broker) addSome(ctx context.Context, additions []change) []changed {
	results, err := b.attempt(ctx, additions)
	if !failure.Is(err, failure.Conflict) {
		return results
	}
	keys := make([]store.Key, len(additions))
	for i, addition := range additions {
		keys[i] = addition.machine.Key()
	}
	there, err := store.GetAs[leasing.Machine](ctx, b.options.Store, keys...)
	var left []change
	var refused []changed
	for i, addition := range additions {
		result := &results[i]
		switch {
		case there == nil:
			result.err = fmt.Errorf("read the machines that are there: %w", err)
		case there[i].Value.Entry(), readable(there[i]) != nil:
			result.err = leasing.HostnameReuse
		case there[i].Value.Settled(*addition.machineTo):
			result.err = leasing.Settled
		default:
			addition.machine, addition.machineTo.Fences = there[i], there[i].Value.Fences
			left = append(left, addition)
			continue
		}
		refused = append(refused, *result)
	}
	return append(refused, b.applyAll(ctx, left)...)
}
