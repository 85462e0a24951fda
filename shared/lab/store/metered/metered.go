// Package metered counts the operations of a store as Firestore bills them, by
// collection and by job, so that a test can state what a sweep may cost.
package metered

import (
	"context"
	"maps"
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// Counts are billed operations, by the rules of
// https://firebase.google.com/docs/firestore/pricing.
type Counts struct {
	// Reads counts the documents read: one per key of a Get; one per result of a
	// Find, and at least one; one per 1,000 counted documents of a Count, and at
	// least one.
	Reads int64 `json:"reads"`
	// Writes counts the documents written by successful commits.
	Writes int64 `json:"writes"`
	// Deletes counts the documents deleted by successful commits.
	Deletes int64 `json:"deletes"`
}

// Plus adds counts.
func (c Counts) Plus(other Counts) Counts {
	return Counts{c.Reads + other.Reads, c.Writes + other.Writes, c.Deletes + other.Deletes}
}

// Minus subtracts counts.
func (c Counts) Minus(other Counts) Counts {
	return Counts{c.Reads - other.Reads, c.Writes - other.Writes, c.Deletes - other.Deletes}
}

// Source is the job and the collection that counts belong to.
type Source struct {
	// Job is the name given by WithJob, or empty.
	Job string `json:"job"`
	// Collection is the last segment of the collection's path.
	Collection string `json:"collection"`
}

// Snapshot holds counts by their source.
type Snapshot map[Source]Counts

// Total adds up all counts.
func (s Snapshot) Total() Counts { return s.sum(func(Source) bool { return true }) }

// Job adds up the counts of a job.
func (s Snapshot) Job(name string) Counts {
	return s.sum(func(by Source) bool { return by.Job == name })
}

// Collection adds up the counts of a collection.
func (s Snapshot) Collection(name string) Counts {
	return s.sum(func(by Source) bool { return by.Collection == name })
}

func (s Snapshot) sum(wanted func(Source) bool) Counts {
	var total Counts
	for by, counts := range s {
		if wanted(by) {
			total = total.Plus(counts)
		}
	}
	return total
}

type jobKey struct{}

// WithJob returns a context whose calls are counted for a job.
func WithJob(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, jobKey{}, name)
}

// Store counts the operations of an inner store. It is safe for concurrent use.
type Store struct {
	inner store.Store

	mu     sync.Mutex
	counts Snapshot
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Pauser = (*Store)(nil)
)

// New puts a meter around a store.
func New(inner store.Store) *Store { return &Store{inner: inner, counts: Snapshot{}} }

// Counts returns the counts since the last Reset.
func (s *Store) Counts() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// Reset sets the counts to zero, and returns the previous ones.
func (s *Store) Reset() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	counted := s.counts
	s.counts = Snapshot{}
	return counted
}

// Get reads documents; a missing one costs a read as well.
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Document, error) {
	documents, err := s.inner.Get(ctx, keys...)
	if err != nil {
		return documents, err
	}
	for _, key := range keys {
		s.add(ctx, key.Group(), Counts{Reads: 1})
	}
	return documents, nil
}

// Find reads the documents that a query finds; one that finds none costs one.
func (s *Store) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	documents, err := s.inner.Find(ctx, query)
	if err == nil {
		s.add(ctx, group(query), Counts{Reads: int64(max(1, len(documents)))})
	}
	return documents, err
}

// Count counts documents; up to a thousand of them cost one read.
func (s *Store) Count(ctx context.Context, query store.Query) (int, error) {
	const perRead = 1000
	count, err := s.inner.Count(ctx, query)
	if err == nil {
		s.add(ctx, group(query), Counts{Reads: int64(max(1, (count+perRead-1)/perRead))})
	}
	return count, err
}

// Commit writes and deletes documents; a refused commit costs nothing.
func (s *Store) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	versions, err := s.inner.Commit(ctx, writes...)
	if err != nil {
		return versions, err
	}
	for _, write := range writes {
		counts := Counts{Writes: 1}
		if write.Fields == nil {
			counts = Counts{Deletes: 1}
		}
		s.add(ctx, write.Key.Group(), counts)
	}
	return versions, nil
}

// Pause waits as the inner store does.
func (s *Store) Pause(ctx context.Context, attempt int) error {
	return store.Pause(ctx, s.inner, attempt)
}

func (s *Store) add(ctx context.Context, collection string, counts Counts) {
	job, _ := ctx.Value(jobKey{}).(string)
	by := Source{Job: job, Collection: collection}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[by] = s.counts[by].Plus(counts)
}

func group(query store.Query) string { return store.Key(query.Collection + "/x").Group() }
