package broker

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// The collections.
const (
	machines = "machines"
	leases   = "leases"
)

type (
	storedMachine = store.Stored[leasing.Machine]
	storedLease   = store.Stored[leasing.Lease]
)

// MachineID names a machine: hostnames are unique per backend.
type MachineID struct{ Backend, Hostname string }

func (id MachineID) key() (store.Key, error) {
	return store.NewKey(machines, id.Backend+":"+id.Hostname)
}

// MachineKey is the key of a machine's document.
func MachineKey(backend, hostname string) (store.Key, error) {
	return MachineID{Backend: backend, Hostname: hostname}.key()
}

// LeaseKey is the key of a lease's document.
func LeaseKey(hash string) store.Key { return store.MustKey(leases, hash) }

func (b *Broker) lease(ctx context.Context, hash string) (storedLease, error) {
	items, err := store.GetAs[leasing.Lease](ctx, b.store, LeaseKey(hash))
	if err != nil {
		return storedLease{}, fmt.Errorf("read lease %s: %w", hash, err)
	}
	items[0].Value.Hash = hash
	return items[0], nil
}

func (b *Broker) machine(ctx context.Context, id MachineID) (storedMachine, error) {
	found, err := b.machines(ctx, id)
	if err != nil {
		return storedMachine{}, err
	}
	return found[0], nil
}

// machines reads machines, each in the place of its id. One that does not
// decode is logged and has no state.
func (b *Broker) machines(ctx context.Context, ids ...MachineID) ([]storedMachine, error) {
	keys := make([]store.Key, len(ids))
	for i, id := range ids {
		var err error
		if keys[i], err = id.key(); err != nil {
			return nil, err
		}
	}
	items, err := store.GetAs[leasing.Machine](ctx, b.store, keys...)
	if items == nil && err != nil {
		return nil, fmt.Errorf("read %d machines: %w", len(ids), err)
	}
	if err != nil {
		b.log.Error(err.Error(), "event", "CORRUPT_DOCUMENT")
	}
	return items, nil
}

// found is a page of documents. One that does not decode is logged and never
// hides the others.
type found[T any] struct {
	items []store.Stored[T]
	// last is the document that the next page begins after; nil when there is
	// no further page.
	last *store.Document
}

func find[T any](ctx context.Context, b *Broker, query store.Query) (found[T], error) {
	documents, err := b.store.Find(ctx, query)
	if err != nil {
		return found[T]{}, fmt.Errorf("query %q: %w", query.Name, err)
	}
	page := found[T]{items: make([]store.Stored[T], 0, len(documents))}
	for _, document := range documents {
		item := store.Stored[T]{Document: document}
		if err := store.Decode(document.Fields, &item.Value); err != nil {
			b.log.Error(fmt.Sprintf("stored document %s: %v", document.Key, err), "event", "CORRUPT_DOCUMENT")
			continue
		}
		page.items = append(page.items, item)
	}
	if len(documents) > 0 && len(documents) == query.Limit {
		page.last = &documents[len(documents)-1]
	}
	return page, nil
}

func (b *Broker) findLeases(ctx context.Context, query store.Query) (found[leasing.Lease], error) {
	page, err := find[leasing.Lease](ctx, b, query)
	for i := range page.items {
		page.items[i].Value.Hash = page.items[i].Key().ID()
	}
	return page, err
}
