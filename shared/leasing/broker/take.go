package broker

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

const (
	// firstPage is how many machines a search reads at first. Each is paid
	// for, and a few are enough where requests begin at random places.
	firstPage = 4
	// maxFirstPage is what that grows to where requests follow each other.
	maxFirstPage = 64
	// lastPage is what the pages grow to where many do not match or are taken.
	lastPage = 256
)

// search goes through the available machines that serve a request, from a
// random place on, once round.
type search struct {
	broker  *Broker
	wanted  leasing.Dimensions
	place   int64
	wrapped bool
	ended   bool
	page    int
	after   *store.Document
	found   []storedMachine
}

func (b *Broker) search(wanted leasing.Dimensions, page int) *search {
	return &search{broker: b, wanted: wanted, place: b.dice.below(leasing.MaxSpread), page: page}
}

// next answers a machine at random among the ones that were read; false when
// there is none any more.
func (s *search) next(ctx context.Context) (storedMachine, bool, error) {
	for len(s.found) == 0 {
		if s.ended {
			return storedMachine{}, false, nil
		}
		if err := s.read(ctx); err != nil {
			return storedMachine{}, false, err
		}
	}
	i := s.broker.dice.below(int64(len(s.found)))
	machine := s.found[i]
	s.found[i] = s.found[len(s.found)-1]
	s.found = s.found[:len(s.found)-1]
	return machine, true, nil
}

func (s *search) read(ctx context.Context) error {
	op := store.GreaterOrEqual
	if s.wrapped {
		op = store.Less
	}
	page, err := find[leasing.Machine](ctx, s.broker, freeMachines(s.wanted.Selector(), op, s.place, s.page, s.after))
	if err != nil {
		return err
	}
	for _, item := range page.items {
		if item.Value.State == leasing.Available && item.Value.Dimensions.Match(s.wanted) {
			s.found = append(s.found, item)
		}
	}
	switch s.after = page.last; {
	case s.after != nil:
		s.page = min(s.page*4, lastPage)
	case !s.wrapped:
		s.wrapped = true
	default:
		s.ended = true
	}
	return nil
}

// takeKnown gives a new request a machine that is remembered as free. The
// answer is nil where there is none; where somebody else made the same request
// meanwhile, it is what they got.
func (b *Broker) takeKnown(ctx context.Context, fresh leasing.Lease) (*leasing.Lease, error) {
	for range maxAttempts {
		machine, ok := b.free.take(b.now(), fresh.Dimensions)
		if !ok {
			return nil, nil
		}
		lease, err := b.tryOne(ctx, fresh, machine)
		if lease != nil || err != nil {
			return lease, err
		}
	}
	return nil, nil
}

// take is takeKnown with a search where nothing is remembered. The answer is
// nil also where others wait in the request's line: who comes later does not
// overtake.
func (b *Broker) take(ctx context.Context, fresh leasing.Lease) (*leasing.Lease, error) {
	for range maxAttempts {
		machine, ok, err := b.findOne(ctx, fresh.Dimensions)
		if err != nil || !ok {
			return nil, err
		}
		lease, err := b.tryOne(ctx, fresh, machine)
		b.trying.release(machine.Key())
		if lease != nil || err != nil {
			return lease, err
		}
	}
	return nil, nil
}

// findOne finds a machine for a new request, and reserves it in this process;
// false where the request has to wait. One at a time searches: what it finds
// is there for the others.
func (b *Broker) findOne(ctx context.Context, wanted leasing.Dimensions) (storedMachine, bool, error) {
	unlock, _, err := lock(ctx, b.searching)
	if err != nil {
		return storedMachine{}, false, err
	}
	defer unlock()
	if machine, ok := b.free.take(b.now(), wanted); ok {
		return machine, true, nil
	}
	search := b.search(wanted, b.free.pageSize(b.now()))
	for {
		machine, ok, err := search.next(ctx)
		if err != nil || !ok {
			return machine, false, err
		}
		if !b.trying.take(machine.Key()) {
			continue
		}
		queue, err := b.share(ctx, search)
		if err != nil || queue {
			b.trying.release(machine.Key())
		}
		return machine, err == nil && !queue, err
	}
}

// share leaves the other machines that a search found to other requests, when
// nobody waits. It answers whether somebody waits in the search's line.
func (b *Broker) share(ctx context.Context, search *search) (queue bool, err error) {
	anyone, err := b.findLeases(ctx, waiting(1, nil))
	if err != nil {
		return false, err
	}
	if len(anyone.items) == 0 && anyone.last == nil {
		b.free.put(b.now(), search.found...)
		search.found = nil
		return false, nil
	}
	line, err := b.findLeases(ctx, lineHasAnyone(search.wanted.Key()))
	return len(line.items) > 0, err
}

// tryOne gives a new request one machine. The answer is nil where another was
// faster, and where somebody else made the same request, what they got.
func (b *Broker) tryOne(ctx context.Context, fresh leasing.Lease, machine storedMachine) (*leasing.Lease, error) {
	lease, leased := leasing.Give(fresh, machine.Value, b.now(), b.limits())
	absent := storedLease{Document: store.Document{Key: LeaseKey(fresh.Hash)}}
	result, err := b.applyOne(ctx, change{lease: absent, next: &lease, machine: &machine, machineTo: &leased})
	if failure.Is(err, failure.Conflict) {
		known, err := b.lease(ctx, fresh.Hash)
		if err != nil || !known.Exists() {
			return nil, err
		}
		b.free.put(b.now(), machine) // as far as is known it is free
		return &known.Value, nil
	}
	if err != nil {
		return nil, err
	}
	b.fulfilled(lease)
	b.send(ctx, result.lease)
	return &lease, nil
}

// fulfilled logs that a request was given a machine.
func (b *Broker) fulfilled(lease leasing.Lease) {
	b.log.Info("fulfilled a lease request",
		"event", "LEASE_FULFILLED",
		"wait_ms", lease.FulfilledAt.Sub(lease.RequestedAt).Milliseconds(),
		"request_hash", lease.Hash, "hostname", lease.Hostname, "backend", lease.Backend)
}
