package loadtest

import (
	"slices"
	"sort"
	"sync"
	"time"
)

// order checks that waiting requests are served in order, as far as clients
// can tell: a request that was answered PENDING before another was even sent
// must not still be PENDING once the other is known to be fulfilled.
type order struct {
	mu sync.Mutex
	// served lists the fulfilled requests, ordered by known: the time at which
	// the fulfillment was known. latest is the latest time at which the request
	// of this entry or of an earlier one was sent.
	served []service
}

type service struct{ known, latest time.Time }

// fulfilled records that a request sent at a time is known to be fulfilled now.
func (o *order) fulfilled(sent, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.served); n > 0 {
		last := o.served[n-1]
		sent = slices.MaxFunc([]time.Time{sent, last.latest}, time.Time.Compare)
		now = slices.MaxFunc([]time.Time{now, last.known}, time.Time.Compare) // known to this check only from then on
	}
	o.served = append(o.served, service{known: now, latest: sent})
}

// overtaken reports whether a later request overtook one that has been PENDING
// since a time, and was still PENDING in the answer to a call sent at asked.
func (o *order) overtaken(since, asked time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := sort.Search(len(o.served), func(i int) bool { return !o.served[i].known.Before(asked) })
	return n > 0 && o.served[n-1].latest.After(since)
}
