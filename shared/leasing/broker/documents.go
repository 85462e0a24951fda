package broker

import (
	"context"
	"fmt"
	"iter"

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

// MachineID identifies a machine: hostnames are unique per backend.
type MachineID struct{ Backend, Hostname string }

// MachineKey returns the key of a machine's document.
func MachineKey(backend, hostname string) (store.Key, error) {
	return store.NewKey(machines, backend+":"+hostname)
}

// LeaseKey returns the key of a lease's document.
func LeaseKey(hash string) store.Key { return store.MustKey(leases, hash) }

func (b *Broker) lease(ctx context.Context, hash string) (storedLease, error) {
	items, err := store.GetAs[leasing.Lease](ctx, b.options.Store, LeaseKey(hash))
	if err != nil {
		return storedLease{}, fmt.Errorf("read lease %s: %w", hash, err)
	}
	items[0].Value.Hash = hash
	return items[0], nil
}

// machineOf returns the id of a lease's machine.
func machineOf(lease leasing.Lease) MachineID {
	return MachineID{Backend: lease.Backend, Hostname: lease.Hostname}
}

func (b *Broker) machine(ctx context.Context, id MachineID) (storedMachine, error) {
	found, err := b.machines(ctx, id)
	if err != nil {
		return storedMachine{}, err
	}
	return found[0], nil
}

// machines reads machines, in the order of the ids. It logs a machine that does
// not decode, and returns it without a state.
func (b *Broker) machines(ctx context.Context, ids ...MachineID) ([]storedMachine, error) {
	keys := make([]store.Key, len(ids))
	for i, id := range ids {
		var err error
		if keys[i], err = MachineKey(id.Backend, id.Hostname); err != nil {
			return nil, err
		}
	}
	items, err := store.GetAs[leasing.Machine](ctx, b.options.Store, keys...)
	if items == nil && err != nil {
		return nil, fmt.Errorf("read %d machines: %w", len(ids), err)
	}
	if err != nil {
		b.options.Log.Error(err.Error(), "event", "CORRUPT_DOCUMENT")
	}
	return items, nil
}

// found is a page of documents. A document that does not decode is logged and
// does not hide the others.
type found[T any] struct {
	items []store.Stored[T]
	// last is the document after which the next page begins; nil if there is no
	// further page.
	last *store.Document
}

func find[T any](ctx context.Context, b *Broker, query store.Query) (found[T], error) {
	documents, err := b.options.Store.Find(ctx, query)
	if err != nil {
		return found[T]{}, fmt.Errorf("query %q: %w", query.Name, err)
	}
	page := found[T]{items: make([]store.Stored[T], 0, len(documents))}
	for _, document := range documents {
		item := store.Stored[T]{Document: document}
		if err := store.Decode(document.Fields, &item.Value); err != nil {
			b.options.Log.Error(fmt.Sprintf("stored document %s: %v", document.Key, err), "event", "CORRUPT_DOCUMENT")
			continue
		}
		if lease, is := any(&item.Value).(*leasing.Lease); is {
			lease.Hash = document.Key.ID()
		}
		page.items = append(page.items, item)
	}
	if len(documents) > 0 && len(documents) == query.Limit {
		page.last = &documents[len(documents)-1]
	}
	return page, nil
}

// lastPage is the size up to which pages grow.
const lastPage = 256

// pages yields the results of a query, in pages of growing size. It ends at an
// error.
func pages[T any](ctx context.Context, b *Broker, query store.Query) iter.Seq2[[]store.Stored[T], error] {
	return func(yield func([]store.Stored[T], error) bool) {
		for {
			page, err := find[T](ctx, b, query)
			if !yield(page.items, err) || page.last == nil {
				return
			}
			query.After, query.Limit = page.last, min(query.Limit*4, lastPage)
		}
	}
}
