package broker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// handTimeout bounds the handing out of machines for several callers.
const handTimeout = 30 * time.Second

// handOut gives machines that became free to waiting requests, each to the one
// that has waited longest. If that fails, the requests keep waiting: the next
// machine, request or sweep tries again. If nobody waits, the machines are
// remembered for the next request.
func (b *Broker) handOut(ctx context.Context, free []storedMachine) {
	if len(free) == 0 {
		return
	}
	if _, err := b.handouts.Do(ctx, free); err != nil {
		b.options.Log.Warn("requests wait on: "+err.Error(), "event", "HANDING_FAILED")
	}
}

// handOutTogether hands out the machines of several callers. One query for
// waiting requests serves them all: it begins after all of the machines became
// free.
func (b *Broker) handOutTogether(ctx context.Context, several [][]storedMachine) ([]struct{}, error) {
	ctx, cancel := context.WithTimeout(ctx, handTimeout)
	defer cancel()
	free := slices.Concat(several...)
	waits, err := b.anyoneWaits(ctx)
	switch {
	case err != nil:
	case waits:
		err = b.handEach(ctx, free)
	default:
		b.free.put(b.now(), free...)
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
		if lease.Exists() {
			given = append(given, lease)
		}
	}
	return nil
}

// handOne gives a machine to the request that has waited longest for such a
// machine. The returned lease does not exist if nobody waits for the machine,
// or if the machine is taken. This process hands out one machine at a time,
// which keeps the order without failed attempts.
func (b *Broker) handOne(ctx context.Context, machine storedMachine) (storedLease, error) {
	unlock, outdated, err := lock(ctx, b.handing)
	if err != nil {
		return storedLease{}, err
	}
	defer unlock()
	var given storedLease
	err = b.again(ctx, func() error {
		if outdated { // usually another process has taken it
			machine, err = b.machine(ctx, MachineID{Backend: machine.Value.Backend, Hostname: machine.Value.Hostname})
			if err != nil || machine.Value.State != leasing.Available {
				return err
			}
		}
		outdated = true
		waiter, err := b.longestWaiting(ctx, machine.Value)
		if err == nil && waiter != nil {
			given, err = b.give(ctx, *waiter, machine)
		}
		return err
	})
	return given, err
}

// anyoneWaits reports whether any request waits.
func (b *Broker) anyoneWaits(ctx context.Context) (bool, error) {
	first, err := find[leasing.Lease](ctx, b, waiting(1))
	return first.last != nil, err
}

// lineWaits reports whether a request waits in a line.
func (b *Broker) lineWaits(ctx context.Context, wanted leasing.Dimensions) (bool, error) {
	line, err := find[leasing.Lease](ctx, b, lineHasAnyone(wanted.Key()))
	return len(line.items) > 0, err
}

// longestWaiting finds the request that has waited longest for such a machine.
func (b *Broker) longestWaiting(ctx context.Context, machine leasing.Machine) (*storedLease, error) {
	var first *storedLease
	for terms := range slices.Chunk(machine.Terms, store.MaxIn) {
		found, err := b.longestWaitingBy(ctx, terms, machine)
		if err != nil {
			return nil, err
		}
		if found != nil && (first == nil || found.Value.WaitingSince.Before(first.Value.WaitingSince)) {
			first = found
		}
	}
	return first, nil
}

func (b *Broker) longestWaitingBy(ctx context.Context, terms []string, machine leasing.Machine) (*storedLease, error) {
	for page, err := range pages[leasing.Lease](ctx, b, waitingFor(terms, firstPage)) {
		if err != nil {
			return nil, err
		}
		for _, item := range page {
			if item.Value.Wants(machine, b.now()) {
				return &item, nil
			}
		}
	}
	return nil, nil
}

// serve gives free machines to the requests that wait in a line, until it runs
// out of either. It returns the fulfilled leases.
func (b *Broker) serve(ctx context.Context, wanted leasing.Dimensions) ([]storedLease, error) {
	var given []storedLease
	for page, err := range b.search(ctx, wanted, firstPage) {
		if err != nil {
			return given, err
		}
		for _, machine := range page {
			lease, err := b.handOne(ctx, machine)
			if err != nil {
				return given, err
			}
			if lease.Exists() {
				given = append(given, lease)
			} else if waits, err := b.lineWaits(ctx, wanted); err != nil || !waits {
				return given, err
			}
		}
	}
	return given, nil
}

// serveLines serves several lines, each once.
func (b *Broker) serveLines(ctx context.Context, lines []leasing.Dimensions) round {
	var all round
	served := map[string]bool{}
	for _, wanted := range lines {
		if line := wanted.Key(); !served[line] {
			served[line] = true
			given, err := b.serve(ctx, wanted)
			b.send(ctx, given...)
			all.given, all.err = append(all.given, given...), errors.Join(all.err, err)
		}
	}
	return all
}

// round is the result of one pass over the lines of several requests: the
// fulfilled leases, and the errors.
type round struct {
	given []storedLease
	err   error
}

// serveTogether serves the lines of several requests. Requests that begin to
// wait during a round share the next one: it begins after all of them have
// become visible as waiting, which is what each of them needs.
func (b *Broker) serveTogether(ctx context.Context, lines []leasing.Dimensions) ([]round, error) {
	ctx, cancel := context.WithTimeout(ctx, handTimeout)
	defer cancel()
	return slices.Repeat([]round{b.serveLines(ctx, lines)}, len(lines)), nil
}
