package job

import (
	"context"
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// Flights lets callers with the same key share runs: at most one runs and one
// waits per key.
type Flights struct {
	mu   sync.Mutex
	keys map[string]*lane
}

// lane is there while a run of its key is under way.
type lane struct {
	next *flight // begins when the running one ends
}

type flight struct {
	start chan struct{}
	done  chan struct{}
	err   error
}

var errPanicked = failure.New(failure.Permanent, "the run that was waited for panicked")

// Join runs fn, or waits for a run of the same key that begins after this
// call. A caller whose context ends first stops waiting.
func (f *Flights) Join(ctx context.Context, key string, fn func() error) error {
	f.mu.Lock()
	if f.keys == nil {
		f.keys = map[string]*lane{}
	}
	on := f.keys[key]
	if on == nil {
		f.keys[key] = &lane{}
		f.mu.Unlock()
		defer f.finish(key)
		return fn()
	}
	if on.next != nil {
		waiting := on.next
		f.mu.Unlock()
		select {
		case <-waiting.done:
			return waiting.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	mine := &flight{start: make(chan struct{}), done: make(chan struct{})}
	on.next = mine
	f.mu.Unlock()
	<-mine.start // the running one is bounded in time, and others count on this one
	defer f.finish(key)
	defer close(mine.done)
	mine.err = errPanicked // stays where fn does not come back
	mine.err = fn()
	return mine.err
}

// finish lets the waiting flight of the key begin, if there is one.
func (f *Flights) finish(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	on := f.keys[key]
	if on.next == nil {
		delete(f.keys, key)
		return
	}
	next := on.next
	on.next = nil
	close(next.start)
}
