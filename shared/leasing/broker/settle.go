package broker

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Settle reads the entry of an instance. Where there is none it leaves a fence
// that refuses additions of the instance with a number up to the offer's, so
// that leasing.EntryNotFound is final.
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
		return b.absent(ctx, item, Removal{MachineID: id, Instance: instance, Settle: &offer})
	})
	return found, err
}

// absent returns leasing.EntryNotFound, once the fence stands that was asked
// for.
func (b *Broker) absent(ctx context.Context, item storedMachine, asked Removal) error {
	if asked.Settle == nil {
		return leasing.EntryNotFound
	}
	if item.Exists() && item.Value.State == "" {
		return failure.New(failure.Permanent, "the stored machine %s cannot be read", item.Key().ID())
	}
	item.Value.Backend, item.Value.Hostname = asked.Backend, asked.Hostname
	next, changed := item.Value.Settle(leasing.Fence{Instance: asked.Instance, Offer: *asked.Settle}, b.now())
	if !changed {
		return leasing.EntryNotFound
	}
	write, _, err := replace(item, &next)
	if err != nil {
		return err
	}
	if _, err = b.commit(ctx, []store.Write{write}); err != nil {
		return err
	}
	return leasing.EntryNotFound
}
