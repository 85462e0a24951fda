package broker

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Release gives a client's machine back, or cancels a waiting request.
func (b *Broker) Release(ctx context.Context, owner, requestID string) error {
	hash := leasing.Hash(owner, requestID)
	known, ok := b.recent.get(LeaseKey(hash))
	if ok && known.lease.Value.Running() && known.machine.Exists() {
		// Usually nobody has changed what this process wrote last.
		err := b.endOf(ctx, leasing.Released, []storedLease{known.lease}, []storedMachine{known.machine})[0].err
		if !failure.Is(err, failure.Conflict) {
			return err
		}
	}
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
		return b.end(ctx, leasing.Released, lease)[0].err
	})
}

// end ends running leases and reclaims their machines, each independently.
func (b *Broker) end(ctx context.Context, why leasing.Ending, running ...storedLease) []changed {
	ids := make([]MachineID, len(running))
	for i, lease := range running {
		ids[i] = machineOf(lease.Value)
	}
	held, err := b.machines(ctx, ids...)
	if err != nil {
		results := make([]changed, len(running))
		for i, lease := range running {
			results[i] = change{lease: lease}.failed(err)
		}
		return results
	}
	return b.endOf(ctx, why, running, held)
}

// endOf does the same as end, given the leases' machines as they were seen, in
// order.
func (b *Broker) endOf(ctx context.Context, why leasing.Ending, running []storedLease, held []storedMachine) []changed {
	now := b.now()
	steps := make([]change, len(running))
	for i, lease := range running {
		steps[i] = change{lease: lease}
		var machine *leasing.Machine
		if held[i].Exists() && held[i].Value.Lease == lease.Value.Hash {
			machine, steps[i].machine = &held[i].Value, held[i]
		} else {
			b.options.Log.Error("a lease's machine is not in the catalog", "event", "MACHINE_MISSING",
				"request_hash", lease.Value.Hash, "hostname", lease.Value.Hostname)
		}
		next, left := leasing.End(lease.Value, machine, why, now, b.limits())
		steps[i].next, steps[i].machineTo = &next, left
	}
	results := b.apply(ctx, steps...)
	var ended []storedLease
	var free []storedMachine
	for _, result := range results {
		if result.err != nil {
			continue
		}
		ended = append(ended, result.lease)
		if result.machine.Value.State == leasing.Available {
			free = append(free, result.machine)
		}
	}
	b.send(ctx, ended...)
	b.handOut(ctx, free)
	return results
}

// Renew sets a new end of a client's lease, and returns the lease.
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
		machine, err := b.machine(ctx, machineOf(lease.Value))
		if err != nil {
			return err
		}
		if !machine.Exists() || machine.Value.Lease != hash {
			return failure.New(failure.Conflict, "the machine of lease %s changed", hash)
		}
		next, leased := leasing.Renew(lease.Value, machine.Value, length.End(now), now, b.limits())
		_, err = b.applyOne(ctx, change{lease: lease, next: &next, machine: machine, machineTo: &leased})
		renewed = next
		return err
	})
	return renewed, err
}

// Instruct gives a client's leased machine an instruction.
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

// running reads a lease that is active now; for any other lease the error is a
// refusal.
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
