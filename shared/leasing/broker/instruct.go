package broker

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Poll returns the instruction of a machine, and the instruction's state.
// machine is the document as it was read. If the machine itself polls, the
// instruction counts as received.
func (b *Broker) Poll(ctx context.Context, machine leasing.Machine, itself bool) (string, leasing.InstructionState, error) {
	if !itself {
		lease, err := b.instructed(ctx, machine)
		return lease.Value.Instruction, lease.Value.InstructionState, err
	}
	lease, err := b.reach(ctx, machine, leasing.InstructionReceived)
	return lease.Instruction, lease.InstructionState, err
}

// Ack records that a machine carried out its instruction. The error is
// leasing.NotFound if the machine has none.
func (b *Broker) Ack(ctx context.Context, machine leasing.Machine) error {
	lease, err := b.reach(ctx, machine, leasing.InstructionExecuted)
	if err == nil && lease.Instruction == "" {
		return leasing.NotFound
	}
	return err
}

func (b *Broker) reach(ctx context.Context, machine leasing.Machine, state leasing.InstructionState) (leasing.Lease, error) {
	var reached leasing.Lease
	err := b.again(ctx, func() error {
		lease, err := b.instructed(ctx, machine)
		if err != nil {
			return err
		}
		reached = lease.Value.Reach(state)
		if reached.InstructionState == lease.Value.InstructionState {
			return nil
		}
		_, err = b.applyOne(ctx, change{lease: lease, next: &reached})
		return err
	})
	return reached, err
}

// instructed reads the lease whose instruction a machine has. It returns the
// zero lease if there is no instruction: the instruction of an ended lease does
// not count.
func (b *Broker) instructed(ctx context.Context, machine leasing.Machine) (storedLease, error) {
	if machine.Lease == "" {
		return storedLease{}, nil
	}
	lease, err := b.lease(ctx, machine.Lease)
	if err != nil || !lease.Value.Active(b.now()) {
		return storedLease{}, err
	}
	return lease, nil
}
