package broker

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

const (
	// firstPage is the number of machines that a search reads at first. Each
	// read costs money, and a few machines are enough because requests begin at
	// random places.
	firstPage = 4
	// maxFirstPage is the upper bound of the first page if requests follow each
	// other quickly.
	maxFirstPage = 64
)

// search yields the available machines that serve a request, beginning at a
// random place and wrapping around: page by page, each page in random order.
func (b *Broker) search(ctx context.Context, wanted leasing.Dimensions, firstPage int) iter.Seq2[[]storedMachine, error] {
	place := b.dice.below(leasing.MaxSpread)
	return func(yield func([]storedMachine, error) bool) {
		for _, op := range []store.Op{store.GreaterOrEqual, store.Less} {
			for page, err := range pages[leasing.Machine](ctx, b, freeMachines(wanted.Selector(), op, place, firstPage)) {
				page = slices.DeleteFunc(page, func(item storedMachine) bool {
					return item.Value.State != leasing.Available || !item.Value.Dimensions.Match(wanted)
				})
				b.dice.shuffle(len(page), func(i, j int) { page[i], page[j] = page[j], page[i] })
				if !yield(page, err) || err != nil {
					return
				}
			}
		}
	}
}

// finder finds a machine for a new request; false if the request gets none.
type finder func(ctx context.Context, wanted leasing.Dimensions) (storedMachine, bool, error)

// take gives a new request a machine that find returns; false if find returns
// none. If the same request was made twice at once, both get the same lease.
func (b *Broker) take(ctx context.Context, fresh leasing.Lease, find finder) (leasing.Lease, bool, error) {
	for range maxAttempts {
		machine, ok, err := find(ctx, fresh.Dimensions)
		if err != nil || !ok {
			return leasing.Lease{}, false, err
		}
		lease, ok, err := b.tryOne(ctx, fresh, machine)
		b.trying.Delete(machine.Key())
		if ok || err != nil {
			return lease, ok, err
		}
	}
	return leasing.Lease{}, false, nil
}

// remembered finds a machine that is remembered as free.
func (b *Broker) remembered(_ context.Context, wanted leasing.Dimensions) (storedMachine, bool, error) {
	machine, ok := b.free.take(b.now(), wanted)
	return machine, ok, nil
}

// findOne returns a remembered machine, or searches for one and reserves it in
// this process. It also returns false if other requests wait in the same line:
// a later request does not overtake them. One request searches at a time, and
// leaves the other machines that it finds to the next.
func (b *Broker) findOne(ctx context.Context, wanted leasing.Dimensions) (storedMachine, bool, error) {
	unlock, _, err := lock(ctx, b.searching)
	if err != nil {
		return storedMachine{}, false, err
	}
	defer unlock()
	if machine, ok := b.free.take(b.now(), wanted); ok {
		return machine, true, nil
	}
	for page, err := range b.search(ctx, wanted, b.free.pageSize(b.now())) {
		if err != nil {
			return storedMachine{}, false, err
		}
		for i, machine := range page {
			if _, taken := b.trying.LoadOrStore(machine.Key(), true); taken {
				continue
			}
			waits, err := b.share(ctx, wanted, page[i+1:])
			if err != nil || waits {
				b.trying.Delete(machine.Key())
			}
			return machine, err == nil && !waits, err
		}
	}
	return storedMachine{}, false, nil
}

// share leaves the other machines that a search found to other requests if
// nobody waits. It reports whether a request waits in the line of the search.
func (b *Broker) share(ctx context.Context, wanted leasing.Dimensions, others []storedMachine) (bool, error) {
	waits, err := b.anyoneWaits(ctx)
	if err == nil && waits {
		return b.lineWaits(ctx, wanted)
	}
	if err == nil {
		b.free.put(b.now(), others...)
	}
	return false, err
}

// tryOne gives a new request one machine; false if another request was faster.
// If the same request was made in the meantime, it returns that request's
// lease.
func (b *Broker) tryOne(ctx context.Context, fresh leasing.Lease, machine storedMachine) (leasing.Lease, bool, error) {
	request := absent[leasing.Lease](LeaseKey(fresh.Hash))
	request.Value = fresh
	lease, err := b.give(ctx, request, machine)
	if failure.Is(err, failure.Conflict) {
		known, err := b.lease(ctx, fresh.Hash)
		if err == nil && known.Exists() {
			b.free.put(b.now(), machine) // it is probably still free
		}
		return known.Value, known.Exists(), err
	}
	if err != nil {
		return leasing.Lease{}, false, err
	}
	b.send(ctx, lease)
	return lease.Value, true, nil
}

// give leases a machine to a request; both are passed as they were read. The
// caller sends the lease's messages.
func (b *Broker) give(ctx context.Context, request storedLease, machine storedMachine) (storedLease, error) {
	next, leased := leasing.Give(request.Value, machine.Value, b.now(), b.limits())
	result, err := b.applyOne(ctx, change{lease: request, next: &next, machine: machine, machineTo: &leased})
	if err != nil {
		return storedLease{}, fmt.Errorf("give machine %s to lease %s: %w", machine.Key().ID(), next.Hash, err)
	}
	b.options.Log.Info("fulfilled a lease request",
		"event", "LEASE_FULFILLED",
		"wait_ms", next.FulfilledAt.Sub(next.RequestedAt).Milliseconds(),
		"request_hash", next.Hash, "hostname", next.Hostname, "backend", next.Backend)
	return result.lease, nil
}
