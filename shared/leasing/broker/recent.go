package broker

import (
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// recentSize is how many leases are remembered: some 10 MB of them.
const recentSize = 4096

// recent remembers the leases that this process wrote last, with their machines:
// a request that is made again is known to be known, and a lease that ends needs
// no reading. Whoever uses it commits on condition that both are still so.
type recent struct {
	mu    sync.Mutex
	by    map[store.Key]remembered
	order [recentSize]store.Key // a ring of the keys, as they came
	next  int
}

type remembered struct {
	lease   storedLease
	machine *storedMachine // nil: none, or it was not seen
}

// put remembers a lease as it was written. Its machine stays as it was where
// the change did not touch it.
func (r *recent) put(result changed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = map[store.Key]remembered{}
	}
	key := result.lease.Key()
	known, again := r.by[key]
	known.lease = withoutFields(result.lease)
	known.lease.Value.Tell = nil // it is being sent
	switch machine := withoutFields(result.machine); {
	case machine.Exists():
		known.machine = &machine
	case machine.Key() != "": // it was deleted
		known.machine = nil
	}
	r.by[key] = known
	if again {
		return
	}
	delete(r.by, r.order[r.next])
	r.order[r.next], r.next = key, (r.next+1)%recentSize
}

// get returns a lease as this process last wrote it; false where it did not, or
// long ago.
func (r *recent) get(key store.Key) (remembered, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.by[key]
	return known, ok
}

// withoutFields leaves out the fields of a document that exists: they are in the
// value as well.
func withoutFields[T any](item store.Stored[T]) store.Stored[T] {
	if item.Exists() {
		item.Document.Fields, item.Document.Partial = store.Fields{}, true
	}
	return item
}
