package broker

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/store"
)

// Lease gives a client a machine at once, or puts the request in line. The
// same request again answers its present state.
func (b *Broker) Lease(ctx context.Context, owner string, request leasing.Request) (leasing.Lease, error) {
	request, err := request.Check(b.project, b.limits())
	if err != nil {
		return leasing.Lease{}, err
	}
	fresh := leasing.NewLease(owner, request, b.now())
	tooLate := request.Length.CheckAt(fresh.RequestedAt, fresh.RequestedAt, b.limits())
	if tooLate == nil {
		// Most requests are new: the commit finds out, without reading first.
		lease, err := b.takeKnown(ctx, fresh)
		if err != nil {
			return leasing.Lease{}, fmt.Errorf("lease a machine: %w", err)
		}
		if lease != nil {
			return same(*lease, fresh)
		}
	}
	known, err := b.lease(ctx, fresh.Hash)
	switch {
	case err != nil:
		return leasing.Lease{}, err
	case known.Exists():
		return same(known.Value, fresh)
	case tooLate != nil:
		return leasing.Lease{}, tooLate
	}
	lease, err := b.takeOrWait(ctx, fresh)
	if err != nil {
		return leasing.Lease{}, err
	}
	return same(lease, fresh)
}

// same answers the known state of a request, unless its content was another.
func same(known, asked leasing.Lease) (leasing.Lease, error) {
	if known.Checksum != asked.Checksum {
		return leasing.Lease{}, leasing.RequestIDReuse
	}
	return known, nil
}

// takeOrWait takes a free machine, or waits.
func (b *Broker) takeOrWait(ctx context.Context, fresh leasing.Lease) (leasing.Lease, error) {
	lease, err := b.take(ctx, fresh)
	if err != nil {
		return leasing.Lease{}, fmt.Errorf("lease a machine: %w", err)
	}
	if lease != nil {
		return *lease, nil
	}
	return b.wait(ctx, fresh)
}

// wait puts a request in line, and then looks for a machine once more: one
// that became free before the request could be seen waiting was given to
// nobody.
func (b *Broker) wait(ctx context.Context, fresh leasing.Lease) (leasing.Lease, error) {
	waiting := fresh.Wait(b.now(), b.limits())
	absent := storedLease{Document: store.Document{Key: LeaseKey(fresh.Hash)}}
	result, err := b.applyOne(ctx, change{lease: absent, next: &waiting})
	if failure.Is(err, failure.Conflict) {
		known, err := b.lease(ctx, fresh.Hash)
		if err == nil && !known.Exists() {
			err = failure.New(failure.Transient, "lease %s appeared and vanished", fresh.Hash)
		}
		return known.Value, err
	}
	if err != nil {
		return leasing.Lease{}, fmt.Errorf("wait for a machine: %w", err)
	}
	given, err := b.serveSoon(ctx, fresh.Dimensions)
	if err != nil { // the request is kept: the sweep serves it
		b.log.Warn("a request waits on: "+err.Error(), "event", "HANDING_FAILED", "request_hash", fresh.Hash)
	}
	if lease, ok := given[result.lease.Key()]; ok {
		lease.Hash = fresh.Hash
		return lease, nil
	}
	return waiting, nil
}

// Release gives a client's machine back, or cancels a request that waits.
func (b *Broker) Release(ctx context.Context, owner, requestID string) error {
	hash := leasing.Hash(owner, requestID)
	return b.again(ctx, func() error {
		lease, err := b.lease(ctx, hash)
		switch {
		case err != nil:
			return err
		case !lease.Exists():
			return leasing.NotFound
		case lease.Value.State == leasing.Pending:
			denied := lease.Value.Deny(leasing.Cancelled, b.now(), b.limits())
			_, err := b.applyOne(ctx, change{lease: lease, next: &denied})
			return err
		case lease.Value.State != leasing.Fulfilled:
			return leasing.NotFulfilled
		case !lease.Value.Running():
			return leasing.AlreadyReclaimed
		}
		return b.end(ctx, leasing.Released, lease)[0]
	})
}

// end ends running leases and reclaims their machines, each by itself.
func (b *Broker) end(ctx context.Context, why leasing.Ending, running ...storedLease) []error {
	errs := make([]error, len(running))
	ids := make([]MachineID, len(running))
	for i, lease := range running {
		ids[i] = MachineID{Backend: lease.Value.Backend, Hostname: lease.Value.Hostname}
	}
	held, err := b.machines(ctx, ids...)
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	now := b.now()
	steps := make([]change, len(running))
	for i, lease := range running {
		steps[i] = change{lease: lease}
		var machine *leasing.Machine
		if held[i].Exists() && held[i].Value.Lease == lease.Value.Hash {
			machine, steps[i].machine = &held[i].Value, &held[i]
		} else {
			b.log.Error("a lease's machine is not in the catalog", "event", "MACHINE_MISSING",
				"request_hash", lease.Value.Hash, "hostname", lease.Value.Hostname)
		}
		next, left := leasing.End(lease.Value, machine, why, now, b.limits())
		steps[i].next, steps[i].machineTo = &next, left
	}
	var ended []storedLease
	var free []storedMachine
	for i, result := range b.apply(ctx, steps...) {
		if errs[i] = result.err; result.err != nil {
			continue
		}
		ended = append(ended, result.lease)
		if result.machine.Value.State == leasing.Available {
			free = append(free, result.machine)
		}
	}
	b.send(ctx, ended...)
	b.offer(ctx, free)
	return errs
}

// Renew gives a client's lease another end. It answers the lease.
func (b *Broker) Renew(ctx context.Context, owner, requestID string, length leasing.Length) (leasing.Lease, error) {
	if err := length.Check(b.limits()); err != nil {
		return leasing.Lease{}, err
	}
	hash := leasing.Hash(owner, requestID)
	var renewed leasing.Lease
	err := b.again(ctx, func() error {
		lease, err := b.running(ctx, hash)
		if err != nil {
			return err
		}
		now := b.now()
		if err := length.CheckAt(now, lease.Value.FulfilledAt, b.limits()); err != nil {
			return err
		}
		machine, err := b.machine(ctx, MachineID{Backend: lease.Value.Backend, Hostname: lease.Value.Hostname})
		if err != nil {
			return err
		}
		if !machine.Exists() || machine.Value.Lease != hash {
			return failure.New(failure.Conflict, "the machine of lease %s changed", hash)
		}
		next, leased := leasing.Renew(lease.Value, machine.Value, length.End(now), now, b.limits())
		_, err = b.applyOne(ctx, change{lease: lease, next: &next, machine: &machine, machineTo: &leased})
		renewed = next
		return err
	})
	return renewed, err
}

// Instruct tells a client's leased machine something.
func (b *Broker) Instruct(ctx context.Context, owner, requestID, instruction string) error {
	if instruction == "" {
		return leasing.InvalidInstruction
	}
	return b.again(ctx, func() error {
		lease, err := b.running(ctx, leasing.Hash(owner, requestID))
		if err != nil {
			return err
		}
		next := lease.Value.Instruct(instruction)
		_, err = b.applyOne(ctx, change{lease: lease, next: &next})
		return err
	})
}

// running reads a lease that is active now, or says why it is not.
func (b *Broker) running(ctx context.Context, hash string) (storedLease, error) {
	lease, err := b.lease(ctx, hash)
	switch {
	case err != nil:
		return lease, err
	case !lease.Exists():
		return lease, leasing.NotFound
	case lease.Value.State != leasing.Fulfilled:
		return lease, leasing.NotFulfilled
	case !lease.Value.Active(b.now()):
		return lease, leasing.AlreadyReclaimed
	}
	return lease, nil
}
