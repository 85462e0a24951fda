// Package memory is a document store in memory, for tests, simulations and the
// local suite, that behaves like Firestore. Equality, range and array filters
// use indexes, which it builds when a query first needs them.
package memory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// Store keeps documents in memory. It is safe for concurrent use.
type Store struct {
	now func() time.Time

	mu          sync.RWMutex
	last        time.Time
	documents   map[store.Key]*document
	collections map[string]*collection
	groups      map[string]*collection
	journal     *journal
}

var _ store.Store = (*Store)(nil)

// New returns an empty store. Versions follow the clock, and also increase while
// it stands still or goes back.
func New(now func() time.Time) *Store {
	return &Store{
		now:         now,
		documents:   map[store.Key]*document{},
		collections: map[string]*collection{},
		groups:      map[string]*collection{},
	}
}

// Get reads documents, in the order of their keys.
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Document, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("get %d documents: %w", len(keys), err)
	}
	for _, key := range keys {
		if err := key.Check(); err != nil {
			return nil, failure.New(failure.Permanent, "%w", err)
		}
	}
	found := make([]*document, len(keys))
	s.mu.RLock()
	for i, key := range keys {
		found[i] = s.documents[key]
	}
	s.mu.RUnlock()
	documents := make([]store.Document, len(keys))
	for i, key := range keys {
		documents[i] = store.Document{Key: key}
		if found[i] != nil {
			documents[i] = found[i].copy(nil)
		}
	}
	return documents, nil
}

// copy returns a copy of a stored document that shares nothing with it.
func (d *document) copy(only []string) store.Document {
	document := store.Document{Key: d.key, Version: d.version}
	if only == nil {
		document.Fields = store.Clone(d.fields)
		return document
	}
	document.Fields, document.Partial = d.fields.Project(only), true
	return document
}

// Find reads the documents that a query finds.
func (s *Store) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	found, err := s.find(ctx, query)
	if err != nil {
		return nil, err
	}
	documents := make([]store.Document, len(found))
	for i, doc := range found {
		documents[i] = doc.copy(query.Select)
	}
	return documents, nil
}

// Count counts the documents that a query finds.
func (s *Store) Count(ctx context.Context, query store.Query) (int, error) {
	found, err := s.find(ctx, query)
	return len(found), err
}

func (s *Store) find(ctx context.Context, query store.Query) ([]*document, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("find %s: %w", query.Name, err)
	}
	query, err := query.Normalize()
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	among := s.among(query)
	if among == nil {
		return nil, nil
	}
	for names := among.missing(query); len(names) > 0; names = among.missing(query) {
		s.mu.RUnlock()
		s.build(among, names)
		s.mu.RLock()
	}
	return among.find(query), nil
}

func (s *Store) among(query store.Query) *collection {
	if query.Group {
		return s.groups[query.Collection]
	}
	return s.collections[query.Collection]
}

func (s *Store) build(c *collection, names []indexName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if c.indexes[name] == nil {
			c.build(name)
		}
	}
}

// Commit applies all writes or none of them.
func (s *Store) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("commit %d writes: %w", len(writes), err)
	}
	if err := store.CheckWrites(writes); err != nil {
		return nil, err
	}
	if len(writes) == 0 {
		return nil, nil
	}
	next := make([]*document, len(writes))
	for i, write := range writes {
		next[i] = &document{key: write.Key, fields: store.Clone(write.Fields)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.holds(writes); err != nil {
		return nil, err
	}
	version := s.nextVersion()
	if s.journal != nil {
		if err := s.journal.append(version, next); err != nil {
			return nil, failure.New(failure.Transient, "commit %d writes: %w", len(writes), err)
		}
	}
	versions := make([]store.Version, len(writes))
	for i, doc := range next {
		if doc.fields != nil {
			doc.version, versions[i] = version, version
		}
		s.apply(doc)
	}
	return versions, nil
}

// holds returns an error if a precondition fails.
func (s *Store) holds(writes []store.Write) error {
	for _, write := range writes {
		stored := s.documents[write.Key]
		switch {
		case write.Condition == store.Absent && stored != nil:
			return failure.New(failure.Conflict, "%s: the document exists already", write.Key)
		case write.Condition != store.Unchanged:
		case stored == nil:
			return failure.New(failure.Conflict, "%s: the document does not exist any more", write.Key)
		case !stored.version.Time.Equal(write.Version.Time):
			return failure.New(failure.Conflict, "%s: the document was changed since it was read", write.Key)
		}
	}
	return nil
}

func (s *Store) nextVersion() store.Version {
	now := store.Truncate(s.now())
	if least := s.last.Add(store.Precision); now.Before(least) {
		now = least
	}
	s.last = now
	return store.Version{Time: now}
}

// apply stores a document, or removes it if it has no fields.
func (s *Store) apply(doc *document) {
	old := s.documents[doc.key]
	next := doc
	if doc.fields == nil {
		next = nil
		delete(s.documents, doc.key)
	} else {
		s.documents[doc.key] = doc
	}
	named(s.collections, doc.key.Collection()).replace(old, next)
	named(s.groups, doc.key.Group()).replace(old, next)
}

func named(collections map[string]*collection, name string) *collection {
	c := collections[name]
	if c == nil {
		c = &collection{indexes: map[indexName]*sorted{}}
		collections[name] = c
	}
	return c
}

// Close closes the journal of a store made by Open.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil || s.journal.file == nil {
		return nil
	}
	file := s.journal.file
	s.journal.file = nil
	return file.Close()
}
