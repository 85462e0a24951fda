package records

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// MostAtOnce is the number of instances that one query of a sweep reads, so
// that a run's memory does not grow with the fleet.
const MostAtOnce = 2000

// query finds the documents of a collection for which all filters hold. It
// finds revisions and managers under all templates.
func query(name, collection string, where ...store.Filter) store.Query {
	return store.Query{Name: name, Collection: collection, Where: where,
		Group: collection == revisions || collection == managers}
}

func equal(field string, value any) store.Filter {
	return store.Filter{Field: field, Op: store.Equal, Value: value}
}

func find[T any](ctx context.Context, r Records, q store.Query) ([]store.Stored[T], error) {
	page, err := store.FindAs[T](ctx, r.Store, q)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", q.Name, err)
	}
	return readable(r, page), nil
}

// findSome finds at most MostAtOnce documents.
func findSome[T any](ctx context.Context, r Records, q store.Query) ([]store.Stored[T], error) {
	q.Limit = MostAtOnce
	return find[T](ctx, r, q)
}

// findEvery finds documents for a decision that needs all of them: a document
// that cannot be read is an error here.
func findEvery[T any](ctx context.Context, r Records, q store.Query) ([]store.Stored[T], error) {
	page, err := store.FindAs[T](ctx, r.Store, q)
	if err == nil && len(page.Corrupt) > 0 {
		err = page.Corrupt[0]
	}
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", q.Name, err)
	}
	return page.Items, nil
}

func get[T any](ctx context.Context, r Records, keys ...store.Key) ([]store.Stored[T], error) {
	if len(keys) == 0 {
		return nil, nil
	}
	documents, err := r.Store.Get(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("get %d records from %s on: %w", len(keys), keys[0], err)
	}
	return readable(r, store.PageOf[T](documents)), nil
}

// readable sets aside the records that cannot be read.
func readable[T any](r Records, page store.Page[T]) []store.Stored[T] {
	for _, corrupt := range page.Corrupt {
		r.Log.Error("set a record aside that cannot be read: " + corrupt.Error())
	}
	return page.Items
}

// getOne reads one record; nil if it does not exist. A record that cannot be
// read is an error: for a caller that asks for one record, it must not look
// like a missing one.
func getOne[T any](ctx context.Context, r Records, p path) (*store.Stored[T], error) {
	k, err := p.key()
	if err != nil {
		return nil, err
	}
	items, err := store.GetAs[T](ctx, r.Store, k)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", k, err)
	}
	if !items[0].Exists() {
		return nil, nil
	}
	return &items[0], nil
}

func (r Records) count(ctx context.Context, q store.Query) (int, error) {
	n, err := r.Store.Count(ctx, q)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", q.Name, err)
	}
	return n, nil
}

// Recorded reports which of these instances have a record, even one that cannot
// be read.
func (r Records) Recorded(ctx context.Context, instances ...fleet.Instance) (map[string]bool, error) {
	keys := make([]store.Key, len(instances))
	for i, instance := range instances {
		k, err := InstanceKey(instance.Key())
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	documents, err := r.Store.Get(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("look for the records of %d instances: %w", len(keys), err)
	}
	recorded := make(map[string]bool, len(documents))
	for i, document := range documents {
		recorded[instances[i].Key()] = document.Exists()
	}
	return recorded, nil
}
