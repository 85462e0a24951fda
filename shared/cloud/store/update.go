package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/pause"
)

const (
	// maxAttempts is how often a document is tried under conflicts: with the
	// pauses below about 20 s, enough for some dozens of writers at once.
	maxAttempts = 40
	firstPause  = 10 * time.Millisecond
	longPause   = time.Second
	// maxChunkBytes keeps a commit below the 10 MiB that a request may have.
	maxChunkBytes = 8 << 20
)

// Pauser is a Store that decides itself how long to wait after a conflict:
// a simulation, whose time is not that of the machine.
type Pauser interface {
	Pause(ctx context.Context, attempt int) error
}

// Pause waits before another attempt; the first is 1. A decorator of a Store
// passes it on to the one inside.
func Pause(ctx context.Context, s Store, attempt int) error {
	if pauser, ok := s.(Pauser); ok {
		return pauser.Pause(ctx, attempt)
	}
	limit := min(firstPause<<min(attempt, 10), longPause)
	return pause.For(ctx, rand.N(limit)) //nolint:gosec // jitter is no secret
}

// UpdateEach does what Update does to many documents, in atomic chunks: first
// with the versions as they were read, and on a conflict with fresh ones. A
// document that cannot be changed does not stop the others. It returns the
// documents that were written, as they are now, and the errors joined.
func UpdateEach[T any](ctx context.Context, s Store, items []Stored[T], change func(current *T) (*T, error)) (changed []Stored[T], err error) {
	u := &updater[T]{store: s, change: change}
	fresh := make([]Stored[T], 0, len(items))
	var partial []Key
	seen := make(map[Key]bool, len(items))
	for _, item := range items {
		switch {
		case seen[item.Key()]:
		case item.Document.Partial:
			partial = append(partial, item.Key())
		default:
			fresh = append(fresh, item)
		}
		seen[item.Key()] = true
	}
	if len(partial) > 0 {
		fresh = append(fresh, u.read(ctx, partial)...)
	}
	u.update(ctx, fresh, 1)
	return u.changed, errors.Join(u.problems...)
}

// updater is one run of UpdateEach.
type updater[T any] struct {
	store    Store
	change   func(current *T) (*T, error)
	changed  []Stored[T]
	problems []error
}

// prepared is a document with the write that was decided on.
type prepared[T any] struct {
	read   Stored[T]
	result Stored[T]
	write  Write
}

func (u *updater[T]) update(ctx context.Context, items []Stored[T], attempt int) {
	var chunk []prepared[T]
	bytes := 0
	for _, item := range items {
		one, size, ok := u.prepare(item)
		if !ok {
			continue
		}
		if len(chunk) == MaxWrites || len(chunk) > 0 && bytes+size > maxChunkBytes {
			u.commit(ctx, chunk, attempt)
			chunk, bytes = nil, 0
		}
		chunk, bytes = append(chunk, one), bytes+size
	}
	if len(chunk) > 0 {
		u.commit(ctx, chunk, attempt)
	}
}

func (u *updater[T]) prepare(item Stored[T]) (one prepared[T], size int, ok bool) {
	result, write, err := decide(item, u.change)
	if err == nil && write != nil {
		err = write.Check()
	}
	if err != nil {
		u.fail(item.Key(), err)
		return one, 0, false
	}
	if write == nil {
		return one, 0, false
	}
	size, err = Size(write.Key, write.Fields)
	return prepared[T]{read: item, result: result, write: *write}, size, err == nil
}

func (u *updater[T]) commit(ctx context.Context, chunk []prepared[T], attempt int) {
	writes := make([]Write, len(chunk))
	for i, one := range chunk {
		writes[i] = one.write
	}
	versions, err := u.store.Commit(ctx, writes...)
	if err == nil {
		for i, one := range chunk {
			one.result.Document.Version = versions[i]
			u.changed = append(u.changed, one.result)
		}
		return
	}
	if failure.Is(err, failure.Conflict) && attempt < maxAttempts {
		err = Pause(ctx, u.store, attempt)
		if err == nil {
			u.again(ctx, chunk, attempt+1)
			return
		}
	}
	u.problems = append(u.problems, fmt.Errorf("update %d documents from %s on: %w", len(chunk), chunk[0].read.Key(), err))
}

// again reads a chunk anew. From the second conflict on it goes on in halves,
// so that one contended document does not hold up the others.
func (u *updater[T]) again(ctx context.Context, chunk []prepared[T], attempt int) {
	keys := make([]Key, len(chunk))
	for i, one := range chunk {
		keys[i] = one.read.Key()
	}
	if len(keys) == 1 || attempt == 2 {
		u.update(ctx, u.read(ctx, keys), attempt)
		return
	}
	for _, half := range [][]Key{keys[:len(keys)/2], keys[len(keys)/2:]} {
		u.update(ctx, u.read(ctx, half), attempt)
	}
}

// read reads documents and sets aside those that do not decode.
func (u *updater[T]) read(ctx context.Context, keys []Key) []Stored[T] {
	documents, err := u.store.Get(ctx, keys...)
	if err != nil {
		u.problems = append(u.problems, fmt.Errorf("update %d documents from %s on: %w", len(keys), keys[0], err))
		return nil
	}
	items := make([]Stored[T], 0, len(documents))
	for _, document := range documents {
		item, err := decodeAs[T](document)
		if err != nil {
			u.fail(document.Key, err)
			continue
		}
		items = append(items, item)
	}
	return items
}

func (u *updater[T]) fail(key Key, err error) {
	u.problems = append(u.problems, fmt.Errorf("update %s: %w", key, err))
}

func sameFields(a, b Fields) bool {
	return reflect.DeepEqual(map[string]any(a), map[string]any(b))
}

// keepUnknown copies the fields that the struct type does not know, so that a
// version of the program that knows fewer fields does not erase the others.
func keepUnknown[T any](before, after Fields) {
	known := map[string]bool{}
	for _, f := range layoutOf(reflect.TypeFor[T]()) {
		known[f.name] = true
	}
	for name, value := range before {
		if !known[name] {
			after[name] = Clone(value)
		}
	}
}
