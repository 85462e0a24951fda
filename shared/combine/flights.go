package combine

import (
	"context"
	"sync"
)

// Flights lets callers with the same key share runs: at most one runs and one
// waits per key.
type Flights struct {
	mu   sync.Mutex
	keys map[string]*flight
}

// flight is kept while some caller uses its key.
type flight struct {
	runs  *Combiner[func() error, struct{}]
	users int
}

// Join runs fn, or shares a run of the same key that begins after this call. A
// caller whose context ends first stops waiting.
func (f *Flights) Join(ctx context.Context, key string, fn func() error) error {
	of := f.enter(key)
	defer f.leave(key)
	_, err := of.runs.Do(ctx, fn)
	return err
}

func (f *Flights) enter(key string) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys == nil {
		f.keys = map[string]*flight{}
	}
	of := f.keys[key]
	if of == nil {
		of = &flight{runs: New(1, first)}
		f.keys[key] = of
	}
	of.users++
	return of
}

func (f *Flights) leave(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[key].users--; f.keys[key].users == 0 {
		delete(f.keys, key)
	}
}

// first runs one of the functions for all callers: the functions do the same.
func first(_ context.Context, fns []func() error) ([]struct{}, error) {
	return make([]struct{}, len(fns)), fns[0]()
}
