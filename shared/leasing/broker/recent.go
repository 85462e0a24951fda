package broker

import (
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// recentSize is the number of remembered leases: some 10 MB.
const recentSize = 4096

// recent remembers the leases that this process wrote last, with their
// machines, so that a repeated request is recognized and a lease can end
// without being read. Each use commits on condition that neither has changed.
type recent struct {
	mu    sync.Mutex
	by    map[store.Key]changed
	order [recentSize]store.Key // a ring of the keys, as they came
	next  int
}

// put remembers a lease as it was written. If the change did not touch the
// machine, the remembered machine stays.
func (r *recent) put(result changed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = map[store.Key]changed{}
	}
	key := result.lease.Key()
	known, again := r.by[key]
	known.lease = withoutFields(result.lease)
	known.lease.Value.Tell = nil // it is being sent
	if result.machine.Key() != "" {
		known.machine = withoutFields(result.machine)
	}
	r.by[key] = known
	if again {
		return
	}
	delete(r.by, r.order[r.next])
	r.order[r.next], r.next = key, (r.next+1)%recentSize
}

// get returns a lease as this process last wrote it, with its machine if that
// is known. It returns false if this process did not write the lease, or did so
// too long ago.
func (r *recent) get(key store.Key) (changed, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.by[key]
	return known, ok
}

// withoutFields drops the fields of a document that exists: they are in the
// value as well.
func withoutFields[T any](item store.Stored[T]) store.Stored[T] {
	if item.Exists() {
		item.Document.Fields, item.Document.Partial = store.Fields{}, true
	}
	return item
}
