// Package faulty is a store that fails on demand, for tests and simulations of
// what the suite does when Firestore fails.
package faulty

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// Method names a method of the store.
type Method string

// The methods.
const (
	Get    Method = "Get"
	Find   Method = "Find"
	Count  Method = "Count"
	Commit Method = "Commit"
)

// Call is a call of the store.
type Call struct {
	Method Method
	Keys   []store.Key   // in a Get
	Query  store.Query   // in a Find or Count
	Writes []store.Write // in a Commit
}

// Fault is the fault of a call; the zero value is none.
type Fault struct {
	// Before is returned without making the call.
	Before error
	// After is returned although the call was made.
	After error
}

// Ready-made faults.
var (
	// Unavailable fails a call without making it.
	Unavailable = Fault{Before: failure.New(failure.Transient, "the store is unavailable (injected)")}
	// Lost makes the call and loses the answer.
	Lost = Fault{After: failure.New(failure.Transient, "the answer was lost (injected)")}
	// Conflict fails a commit as if another writer had been faster.
	Conflict = Fault{Before: failure.New(failure.Conflict, "the document was changed since it was read (injected)")}
	// OverQuota fails a call as if a quota were exhausted.
	OverQuota = Fault{Before: failure.New(failure.Quota, "too many requests (injected)")}
)

// Hooks are called for each call, on the caller's goroutine. They may also
// block, to control the order of concurrent calls, or write to the inner store,
// to be the faster writer. A nil hook does nothing.
type Hooks struct {
	// Fault returns the fault of a call.
	Fault func(ctx context.Context, call Call) Fault
	// Done gets the answer of each call that succeeded.
	Done func(ctx context.Context, call Call, answer any)
	// Pause replaces waiting after a conflict.
	Pause func(ctx context.Context, attempt int) error
}

// Store is a store with faults.
type Store struct {
	inner store.Store
	hooks Hooks
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Pauser = (*Store)(nil)
)

// New returns a store that injects faults around an inner one.
func New(inner store.Store, hooks Hooks) *Store { return &Store{inner: inner, hooks: hooks} }

// Get reads documents, or fails.
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Document, error) {
	return try(ctx, s, Call{Method: Get, Keys: keys}, func() ([]store.Document, error) { return s.inner.Get(ctx, keys...) })
}

// Find reads the documents that a query finds, or fails.
func (s *Store) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	return try(ctx, s, Call{Method: Find, Query: query}, func() ([]store.Document, error) { return s.inner.Find(ctx, query) })
}

// Count counts the documents that a query finds, or fails.
func (s *Store) Count(ctx context.Context, query store.Query) (int, error) {
	return try(ctx, s, Call{Method: Count, Query: query}, func() (int, error) { return s.inner.Count(ctx, query) })
}

// Commit applies all writes or none of them, and may return an error in either
// case.
func (s *Store) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	return try(ctx, s, Call{Method: Commit, Writes: writes}, func() ([]store.Version, error) { return s.inner.Commit(ctx, writes...) })
}

// Pause waits as the hook does or, without one, as the inner store does.
func (s *Store) Pause(ctx context.Context, attempt int) error {
	if s.hooks.Pause != nil {
		return s.hooks.Pause(ctx, attempt)
	}
	return store.Pause(ctx, s.inner, attempt)
}

func try[A any](ctx context.Context, s *Store, call Call, do func() (A, error)) (A, error) {
	var none A
	var fault Fault
	if s.hooks.Fault != nil {
		fault = s.hooks.Fault(ctx, call)
	}
	if fault.Before != nil {
		return none, fault.Before
	}
	answer, err := do()
	if err == nil && s.hooks.Done != nil {
		s.hooks.Done(ctx, call, answer)
	}
	if err == nil && fault.After != nil {
		return none, fault.After
	}
	return answer, err
}
