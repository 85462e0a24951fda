package broker

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Removal is a machine to take out of the catalog.
type Removal struct {
	MachineID
	// Instance, where not "", is the backend attribute that the machine must
	// have been added with.
	Instance string
	// Settle, where not nil, makes leasing.EntryNotFound final, as in Broker.Settle.
	Settle *int64
	// Gone says that the machine exists no more: a lease on it is ended.
	Gone bool
	// By is the administrator who takes the machine away; its backend is told.
	// "" when the backend itself does.
	By string
}

// Remove takes machines out of the catalog, each by itself. The errors are in
// order: leasing.EntryNotFound, and leasing.Leased unless it is gone.
func (b *Broker) Remove(ctx context.Context, removals ...Removal) []error {
	errs := make([]error, len(removals))
	if len(removals) == 0 {
		return errs
	}
	ids := make([]MachineID, len(removals))
	for i, removal := range removals {
		ids[i] = removal.MachineID
	}
	items, err := b.machines(ctx, ids...)
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	b.removeAll(ctx, removals, items, errs)
	return errs
}

// removeAll deletes what is free in common commits, and deals with the others
// one by one.
func (b *Broker) removeAll(ctx context.Context, removals []Removal, items []storedMachine, errs []error) {
	var groups [][]store.Write
	var places []int
	seen := map[store.Key]bool{}
	for i, item := range items {
		if seen[item.Key()] || !removals[i].simple(item) {
			errs[i] = b.removeOne(ctx, removals[i])
			continue
		}
		seen[item.Key()] = true
		write, _, err := replace(item, item.Value.Vacated(b.now()))
		if errs[i] = err; err == nil {
			groups, places = append(groups, []store.Write{write}), append(places, i)
		}
	}
	for i, out := range b.commitGroups(ctx, groups) {
		if place := places[i]; failure.Is(out.err, failure.Conflict) {
			errs[place] = b.removeOne(ctx, removals[place])
		} else {
			errs[place] = out.err
		}
	}
}

// simple reports whether the removal is just to delete the machine as read.
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
		switch {
		case !item.Exists(), machine.State != "" && !machine.Entry(), removal.Instance != "" && removal.Instance != machine.Instance():
			return b.absent(ctx, item, removal)
		case machine.State == leasing.OnLease && !removal.Gone:
			return leasing.Leased
		case machine.State == leasing.OnLease:
			return b.removeLeased(ctx, item)
		case removal.By != "":
			return b.takeAway(ctx, item, removal.By)
		}
		return b.vacate(ctx, item)
	})
}

// vacate takes an entry that nobody leases out of the catalog.
func (b *Broker) vacate(ctx context.Context, item storedMachine) error {
	write, _, err := replace(item, item.Value.Vacated(b.now()))
	if err == nil {
		_, err = b.commit(ctx, []store.Write{write})
	}
	return err
}

// removeLeased ends the lease of a machine that exists no more.
func (b *Broker) removeLeased(ctx context.Context, item storedMachine) error {
	lease, err := b.lease(ctx, item.Value.Lease)
	if err != nil {
		return err
	}
	if !lease.Exists() || !lease.Value.Running() {
		return b.vacate(ctx, item)
	}
	next, left := leasing.End(lease.Value, &item.Value, leasing.Gone, b.now(), b.limits())
	result, err := b.applyOne(ctx, change{lease: lease, next: &next, machine: &item, machineTo: left})
	if err != nil {
		return err
	}
	b.send(ctx, result.lease)
	return nil
}

// takeAway removes a free machine that its backend still counts on. The record
// of it is like that of a lease that has ended: it carries the message.
func (b *Broker) takeAway(ctx context.Context, item storedMachine, by string) error {
	now := b.now()
	record := leasing.TakenAway(by, item.Value, now, b.limits())
	lease := storedLease{Document: store.Document{Key: LeaseKey(record.Hash)}}
	result, err := b.applyOne(ctx, change{lease: lease, next: &record, machine: &item, machineTo: item.Value.Vacated(now)})
	if err != nil {
		return err
	}
	b.send(ctx, result.lease)
	return nil
}
