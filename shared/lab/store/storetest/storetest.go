// Package storetest is the conformance suite that every implementation of the
// document store passes.
package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// Run checks an implementation. open returns an empty store for each test.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	for _, group := range [][]check{reading, writing, limits, values, queries, updates} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
				t.Cleanup(cancel)
				c.run(fixture{T: t, ctx: ctx, store: open(t)})
			})
		}
	}
}

type check struct {
	name string
	run  func(fixture)
}

// fixture is a test with an empty store.
type fixture struct {
	*testing.T
	ctx   context.Context
	store store.Store
}

func (f fixture) commit(writes ...store.Write) []store.Version {
	f.Helper()
	versions, err := f.store.Commit(f.ctx, writes...)
	if err != nil {
		f.Fatalf("commit: %v", err)
	}
	if len(versions) != len(writes) {
		f.Fatalf("%d versions for %d writes", len(versions), len(writes))
	}
	return versions
}

// fill creates so many documents, and returns their keys, which are in order.
func (f fixture) fill(n int, fields func(i int) store.Fields) []store.Key {
	f.Helper()
	filled, writes := make([]store.Key, n), make([]store.Write, n)
	for i := range n {
		filled[i] = vm(fmt.Sprintf("vm-%05d", i))
		writes[i] = store.Create(filled[i], fields(i))
	}
	for part := range slices.Chunk(writes, store.MaxWrites) {
		f.commit(part...)
	}
	return filled
}

// refused checks that a commit fails with a class.
func (f fixture) refused(class failure.Class, writes ...store.Write) error {
	f.Helper()
	_, err := f.store.Commit(f.ctx, writes...)
	if err == nil {
		f.Fatal("the commit was done, and should be refused")
	}
	if got := failure.ClassOf(err); got != class {
		f.Errorf("class %q, want %q: %v", got, class, err)
	}
	return err
}

func (f fixture) get(key store.Key) store.Document {
	f.Helper()
	documents, err := f.store.Get(f.ctx, key)
	if err != nil {
		f.Fatalf("get %s: %v", key, err)
	}
	if len(documents) != 1 || documents[0].Key != key {
		f.Fatalf("get %s answered %v", key, documents)
	}
	return documents[0]
}

func (f fixture) find(query store.Query) []store.Document {
	f.Helper()
	documents, err := f.store.Find(f.ctx, query)
	if err != nil {
		f.Fatalf("find %+v: %v", query, err)
	}
	return documents
}

// finds checks which documents a query finds, in order, and their count.
func (f fixture) finds(query store.Query, want ...store.Key) {
	f.Helper()
	got := keys(f.find(query))
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		f.Errorf("%+v found %q, want %q", query, got, want)
	}
	count, err := f.store.Count(f.ctx, query)
	if err != nil || count != len(want) {
		f.Errorf("%+v counted %d (%v), want %d", query, count, err, len(want))
	}
}

func (f fixture) holds(key store.Key, want store.Fields) {
	f.Helper()
	if got := f.get(key).Fields; !reflect.DeepEqual(got, want) {
		f.Errorf("%s holds %#v, want %#v", key, got, want)
	}
}

func keys(documents []store.Document) []store.Key {
	var found []store.Key
	for _, document := range documents {
		found = append(found, document.Key)
	}
	return found
}

func vm(name string) store.Key { return store.MustKey("instances", name) }
