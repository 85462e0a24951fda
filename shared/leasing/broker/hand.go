package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// handTimeout bounds the handing out of machines for several callers.
const handTimeout = 30 * time.Second

// handOut gives machines that became free to the requests that wait for them,
// each to the one that has waited longest. Where that fails, the requests wait
// on: the next machine, request or sweep tries again. Where nobody waits, the
// machines are remembered for the next request.
func (b *Broker) handOut(ctx context.Context, free []storedMachine) {
	if len(free) == 0 {
		return
	}
	if _, err := b.handouts.Do(ctx, free); err != nil {
		b.log.Warn("requests wait on: "+err.Error(), "event", "HANDING_FAILED")
	}
}

// handOutTogether hands out the machines of several callers. One look whether
// anybody waits serves them all: it begins after all became free.
func (b *Broker) handOutTogether(ctx context.Context, several [][]storedMachine) ([]struct{}, error) {
	ctx, cancel := context.WithTimeout(ctx, handTimeout)
	defer cancel()
	free := slices.Concat(several...)
	anyone, err := b.findLeases(ctx, waiting(1, nil))
	switch {
	case err != nil:
	case len(anyone.items) == 0 && anyone.last == nil:
		b.free.put(b.now(), free...)
	default:
		err = b.handEach(ctx, free)
	}
	return make([]struct{}, len(several)), err
}

func (b *Broker) handEach(ctx context.Context, free []storedMachine) error {
	var given []storedLease
	defer func() { b.send(ctx, given...) }()
	for _, machine := range free {
		lease, err := b.handOne(ctx, machine)
		if err != nil {
			return err
		}
		if lease != nil {
			given = append(given, *lease)
		}
	}
	return nil
}

// handOne gives a machine to the request that has waited longest for such a
// one; nil where there is none, or the machine is taken. Within this process
// one at a time does it, so that the order is kept without vain attempts.
func (b *Broker) handOne(ctx context.Context, machine storedMachine) (*storedLease, error) {
	unlock, waited, err := lock(ctx, b.handing)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		if attempt > 1 || waited { // mostly it is taken: somebody was faster
			machine, err = b.machine(ctx, MachineID{Backend: machine.Value.Backend, Hostname: machine.Value.Hostname})
			if err != nil || machine.Value.State != leasing.Available {
				return nil, err
			}
		}
		waiter, err := b.longestWaiting(ctx, machine.Value)
		if err != nil || waiter == nil {
			return nil, err
		}
		lease, leased := leasing.Give(waiter.Value, machine.Value, b.now(), b.limits())
		result, err := b.applyOne(ctx, change{lease: *waiter, next: &lease, machine: &machine, machineTo: &leased})
		if err == nil {
			b.fulfilled(lease)
			return &result.lease, nil
		}
		if !failure.Is(err, failure.Conflict) {
			return nil, fmt.Errorf("give machine %s to lease %s: %w", machine.Key().ID(), lease.Hash, err)
		}
		if attempt > 1 {
			if err := store.Pause(ctx, b.store, attempt-1); err != nil {
				return nil, err
			}
		}
	}
	return nil, errContended
}

// longestWaiting finds the request that has waited longest for such a machine.
func (b *Broker) longestWaiting(ctx context.Context, machine leasing.Machine) (*storedLease, error) {
	terms := []any{leasing.AnyTerm}
	for _, term := range machine.Dimensions.Terms() {
		terms = append(terms, term)
	}
	var first *storedLease
	for some := range slices.Chunk(terms, store.MaxIn) {
		found, err := b.longestWaitingBy(ctx, some, machine)
		if err != nil {
			return nil, err
		}
		if found != nil && (first == nil || found.Value.WaitingSince.Before(first.Value.WaitingSince)) {
			first = found
		}
	}
	return first, nil
}

func (b *Broker) longestWaitingBy(ctx context.Context, terms []any, machine leasing.Machine) (*storedLease, error) {
	var after *store.Document
	for limit := firstPage; ; limit = min(limit*4, lastPage) {
		page, err := b.findLeases(ctx, waitingFor(terms, limit, after))
		if err != nil {
			return nil, err
		}
		for _, item := range page.items {
			if item.Value.Wants(machine, b.now()) {
				return &item, nil
			}
		}
		if after = page.last; after == nil {
			return nil, nil
		}
	}
}

// serve gives free machines to the requests that wait in a line, until there
// are no more of either. It answers what it gave.
func (b *Broker) serve(ctx context.Context, wanted leasing.Dimensions) ([]storedLease, error) {
	var given []storedLease
	search := b.search(wanted, firstPage)
	for {
		machine, ok, err := search.next(ctx)
		if err != nil || !ok {
			return given, err
		}
		lease, err := b.handOne(ctx, machine)
		if err != nil {
			return given, err
		}
		if lease != nil {
			given = append(given, *lease)
			continue
		}
		line, err := b.findLeases(ctx, lineHasAnyone(wanted.Key()))
		if err != nil || len(line.items) == 0 {
			return given, err
		}
	}
}

// round is what was given in one pass over the lines of several requests.
type round struct {
	given map[store.Key]leasing.Lease
	err   error
}

// serveSoon serves a line in a round that begins after this call, and returns
// what was given in it. Requests that begin to wait during a round share the
// next: it begins after all of them could be seen waiting, which is what each of
// them needs.
func (b *Broker) serveSoon(ctx context.Context, wanted leasing.Dimensions) (map[store.Key]leasing.Lease, error) {
	served, err := b.rounds.Do(ctx, wanted)
	return served.given, errors.Join(err, served.err)
}

func (b *Broker) serveTogether(ctx context.Context, lines []leasing.Dimensions) ([]round, error) {
	ctx, cancel := context.WithTimeout(ctx, handTimeout)
	defer cancel()
	result := round{given: map[store.Key]leasing.Lease{}}
	served := map[string]bool{}
	for _, wanted := range lines {
		if served[wanted.Key()] {
			continue
		}
		served[wanted.Key()] = true
		given, err := b.serve(ctx, wanted)
		for _, lease := range given {
			result.given[lease.Key()] = lease.Value
		}
		b.send(ctx, given...)
		result.err = errors.Join(result.err, err)
	}
	return slices.Repeat([]round{result}, len(lines)), nil
}
