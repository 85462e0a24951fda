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
	// maxAttempts is the number of attempts at a document while it conflicts:
	// with the pauses below they take about 20 s, enough for some dozens of
	// concurrent writers.
	maxAttempts = 40
	firstPause  = 10 * time.Millisecond
	longPause   = time.Second
	// maxChunkBytes keeps a commit below the 10 MiB limit of a request.
	maxChunkBytes = 8 << 20
)

// Pauser is a Store that decides itself how long to wait after a conflict, such
// as a simulation, whose time is not the machine's.
type Pauser interface {
	Pause(ctx context.Context, attempt int) error
}

// Pause waits before another attempt; attempts count from 1. A decorator of a
// Store delegates to the Store inside.
func Pause(ctx context.Context, s Store, attempt int) error {
	if pauser, ok := s.(Pauser); ok {
		return pauser.Pause(ctx, attempt)
	}
	limit := min(firstPause<<min(attempt, 10), longPause)
	return pause.For(ctx, rand.N(limit)) //nolint:gosec // jitter is no secret
}

// Update changes one document: it reads it, calls change, and commits the
// result on condition that nobody else wrote in between. On a conflict it
// starts again, up to a bounded number of attempts. current is nil if the
// document does not exist; a nil result deletes the document; a result equal to
// current writes nothing. An error of change ends Update. Fields of the
// document (not of maps in it) that T does not have are kept. Update returns
// the document after the change.
func Update[T any](ctx context.Context, s Store, key Key, change func(current *T) (*T, error)) (Stored[T], error) {
	u := &updater[T]{store: s, change: change}
	u.update(ctx, u.read(ctx, []Key{key}), 1)
	if len(u.problems) > 0 {
		return Stored[T]{}, u.problems[0]
	}
	return append(u.changed, u.unchanged...)[0], nil
}

// UpdateEach does the same as Update for many documents, in atomic chunks:
// first with the versions as they were read, and after a conflict with fresh
// ones. A document that cannot be changed does not stop the others. It returns
// the written documents as they are now, and the joined errors.
func UpdateEach[T any](ctx context.Context, s Store, items []Stored[T], change func(current *T) (*T, error)) (changed []Stored[T], err error) {
	u := &updater[T]{store: s, change: change}
	var whole []Document
	var partial []Key
	seen := make(map[Key]bool, len(items))
	for _, item := range items {
		switch {
		case seen[item.Key()]:
		case item.Document.Partial:
			partial = append(partial, item.Key())
		default:
			whole = append(whole, item.Document)
		}
		seen[item.Key()] = true
	}
	if len(partial) > 0 {
		whole = append(whole, u.read(ctx, partial)...)
	}
	u.update(ctx, whole, 1)
	return u.changed, errors.Join(u.problems...)
}

// updater is one run of Update or UpdateEach.
type updater[T any] struct {
	store     Store
	change    func(current *T) (*T, error)
	changed   []Stored[T]
	unchanged []Stored[T]
	problems  []error
}

// decision is the document to write, and the write; the write is nil if there
// is nothing to write.
type decision[T any] struct {
	result Stored[T]
	write  *Write
}

// decide calls change on a document as it was read.
func (u *updater[T]) decide(read Document) (decision[T], error) {
	item, err := decodeAs[T](read)
	if err != nil {
		return decision[T]{}, err
	}
	before, err := Encode(item.Value)
	if err != nil {
		return decision[T]{}, err
	}
	current := &item.Value
	if !read.Exists() {
		current = nil
	}
	wanted, err := u.change(current)
	switch {
	case err != nil:
		return decision[T]{}, err
	case wanted == nil && !read.Exists():
		return decision[T]{result: Stored[T]{Document: read}}, nil
	case wanted == nil:
		write := Remove(read)
		return decision[T]{Stored[T]{Document: Document{Key: read.Key}}, &write}, nil
	}
	after, err := Encode(wanted)
	if err != nil {
		return decision[T]{}, err
	}
	if read.Exists() && reflect.DeepEqual(before, after) {
		return decision[T]{result: Stored[T]{Value: *wanted, Document: read}}, nil
	}
	keepUnknown[T](read.Fields, after)
	write := Replace(read, after)
	return decision[T]{Stored[T]{Value: *wanted, Document: Document{Key: read.Key, Fields: after}}, &write}, nil
}

func (u *updater[T]) update(ctx context.Context, documents []Document, attempt int) {
	var chunk []decision[T]
	bytes := 0
	for _, document := range documents {
		one, err := u.decide(document)
		size := 0
		if one.write != nil {
			size, err = one.write.check()
		}
		switch {
		case err != nil:
			u.fail(err, document.Key)
			continue
		case one.write == nil:
			u.unchanged = append(u.unchanged, one.result)
			continue
		case len(chunk) == MaxWrites, len(chunk) > 0 && bytes+size > maxChunkBytes:
			u.commit(ctx, chunk, attempt)
			chunk, bytes = nil, 0
		}
		chunk, bytes = append(chunk, one), bytes+size
	}
	if len(chunk) > 0 {
		u.commit(ctx, chunk, attempt)
	}
}

func (u *updater[T]) commit(ctx context.Context, chunk []decision[T], attempt int) {
	writes, keys := make([]Write, len(chunk)), make([]Key, len(chunk))
	for i, one := range chunk {
		writes[i], keys[i] = *one.write, one.write.Key
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
		if err = Pause(ctx, u.store, attempt); err == nil {
			u.again(ctx, keys, attempt+1)
			return
		}
	}
	u.fail(err, keys...)
}

// again reads a chunk again. From the second conflict on it splits the chunk in
// halves, so that one contended document does not hold up the others.
func (u *updater[T]) again(ctx context.Context, keys []Key, attempt int) {
	half := len(keys) / 2
	if attempt == 2 {
		half = 0
	}
	for _, part := range [][]Key{keys[:half], keys[half:]} {
		if len(part) > 0 {
			u.update(ctx, u.read(ctx, part), attempt)
		}
	}
}

func (u *updater[T]) read(ctx context.Context, keys []Key) []Document {
	documents, err := u.store.Get(ctx, keys...)
	if err != nil {
		u.fail(err, keys...)
	}
	return documents
}

func (u *updater[T]) fail(err error, keys ...Key) {
	if len(keys) == 1 {
		u.problems = append(u.problems, fmt.Errorf("update %s: %w", keys[0], err))
		return
	}
	u.problems = append(u.problems, fmt.Errorf("update %d documents from %s on: %w", len(keys), keys[0], err))
}

// keepUnknown copies the fields that the struct type does not have, so that a
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
