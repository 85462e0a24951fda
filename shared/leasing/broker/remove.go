package broker

import (
	"context"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Removal is a machine to take out of the catalog.
type Removal struct {
	MachineID
	// Instance, if not "", is the backend attribute with which the machine must
	// have been added.
	Instance string
	// Settle, if not nil, makes leasing.EntryNotFound final, as in
	// Broker.Settle.
	Settle *int64
	// Gone means that the machine no longer exists; a lease on it is ended.
	Gone bool
	// By is the administrator who takes the machine away, about which the
	// backend gets a message; "" if the backend itself removes it.
	By string
}

// Remove takes machines out of the catalog, each independently. The errors are
// in order: leasing.EntryNotFound, and leasing.Leased for a leased machine that
// is not gone.
func (b *Broker) Remove(ctx context.Context, removals ...Removal) []error {
	ids := make([]MachineID, len(removals))
	for i, removal := range removals {
		ids[i] = removal.MachineID
	}
	items, err := b.machines(ctx, ids...)
	if err != nil {
		return slices.Repeat([]error{err}, len(removals))
	}
	errs := make([]error, len(removals))
	var simple []change
	var places []int
	for i, item := range items {
		if removals[i].simple(item) {
			simple = append(simple, change{machine: item, machineTo: item.Value.Vacated(b.now())})
			places = append(places, i)
		} else {
			errs[i] = b.removeOne(ctx, removals[i])
		}
	}
	for i, result := range b.applyAll(ctx, simple) {
		place := places[i]
		if errs[place] = result.err; failure.Is(result.err, failure.Conflict) {
			errs[place] = b.removeOne(ctx, removals[place])
		}
	}
	return errs
}

// simple reports whether the removal only deletes the machine as it was read.
func (r Removal) simple(item storedMachine) bool {
	return item.Value.Entry() && r.By == "" && item.Value.State != leasing.OnLease &&
		(r.Instance == "" || r.Instance == item.Value.Instance())
}

func (b *Broker) removeOne(ctx context.Context, removal Removal) error {
	return b.again(ctx, func() error {
		item, err := b.machine(ctx, removal.MachineID)
		if err != nil {
			return err
		}
		machine := item.Value
		if !item.Exists() || machine.State != "" && !machine.Entry() || removal.Instance != "" && removal.Instance != machine.Instance() {
			return b.settleAbsence(ctx, item, removal)
		}
		step, err := b.removalOf(ctx, item, removal)
		if err != nil {
			return err
		}
		result, err := b.applyOne(ctx, step)
		if err == nil && step.next != nil {
			b.send(ctx, result.lease)
		}
		return err
	})
}

// removalOf returns the change that takes a machine out of the catalog. It ends
// the lease of a machine that no longer exists. If an administrator removes a
// free machine, the backend still counts on it and has to be told: the change
// then creates the record of an ended lease, which carries the message.
func (b *Broker) removalOf(ctx context.Context, item storedMachine, removal Removal) (change, error) {
	now, machine := b.now(), item.Value
	step := change{machine: item, machineTo: machine.Vacated(now)}
	switch {
	case machine.State == leasing.OnLease && !removal.Gone:
		return step, leasing.Leased
	case machine.State == leasing.OnLease:
		lease, err := b.lease(ctx, machine.Lease)
		if err == nil && lease.Value.Running() {
			ended, left := leasing.End(lease.Value, &machine, leasing.Gone, now, b.limits())
			step.lease, step.next, step.machineTo = lease, &ended, left
		}
		return step, err
	case removal.By != "":
		record := leasing.TakenAway(removal.By, machine, now, b.limits())
		step.lease, step.next = absent[leasing.Lease](LeaseKey(record.Hash)), &record
	}
	return step, nil
}

// Settle reads the entry of an instance. If there is none, it leaves a fence
// that refuses additions of the instance with offer numbers up to the given
// one, so that leasing.EntryNotFound is final.
func (b *Broker) Settle(ctx context.Context, id MachineID, instance string, offer int64) (leasing.Machine, error) {
	var found leasing.Machine
	err := b.again(ctx, func() error {
		item, err := b.machine(ctx, id)
		if err != nil {
			return err
		}
		if found = item.Value; found.Entry() && found.Instance() == instance {
			return nil
		}
		return b.settleAbsence(ctx, item, Removal{MachineID: id, Instance: instance, Settle: &offer})
	})
	return found, err
}

// settleAbsence writes the requested fence, if any, and returns
// leasing.EntryNotFound.
func (b *Broker) settleAbsence(ctx context.Context, item storedMachine, asked Removal) error {
	if asked.Settle == nil {
		return leasing.EntryNotFound
	}
	if err := readable(item); err != nil {
		return err
	}
	item.Value.Backend, item.Value.Hostname = asked.Backend, asked.Hostname
	next, changed := item.Value.Settle(leasing.Fence{Instance: asked.Instance, Offer: *asked.Settle}, b.now())
	if changed {
		if _, err := b.applyOne(ctx, change{machine: item, machineTo: &next}); err != nil {
			return err
		}
	}
	return leasing.EntryNotFound
}
