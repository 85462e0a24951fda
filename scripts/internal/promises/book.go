package promises

import (
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// margin is the largest difference that the Machine Provider's clock and the
// rounding of its answers to seconds may cause.
const margin = 2 * time.Second

// Holding is a machine that a lessee was given and has not given back.
type Holding struct {
	invariants.Holding
	Until time.Time // zero: indefinitely
	Kept  bool      // nobody may delete its VM by hand
}

// Sure reports whether the lease certainly still runs.
func (h Holding) Sure(now time.Time) bool {
	return h.Until.IsZero() || now.Add(margin).Before(h.Until)
}

// Book is what the lessees know for certain about their leases. It leaves out
// what they cannot know: a lease whose answer was lost, or one whose release may
// have succeeded.
type Book struct {
	mu       sync.Mutex
	holdings map[string]Holding // by request
	harmed   map[string]bool    // instances whose VMs were taken away by hand
}

// NewBook makes an empty book.
func NewBook() *Book { return &Book{holdings: map[string]Holding{}, harmed: map[string]bool{}} }

// Took records a machine that a lessee was given; other is the request that
// holds the same machine.
func (b *Book) Took(h Holding, now time.Time) (other string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for request, held := range b.holdings {
		if request != h.Request && held.Instance == h.Instance && held.Sure(now) && !b.harmed[h.Instance] {
			other = request
		}
	}
	b.holdings[h.Request] = h
	return other
}

// Extend records that a lease was extended.
func (b *Book) Extend(request string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h, ok := b.holdings[request]; ok {
		h.Until = until
		b.holdings[request] = h
	}
}

// LetGo records that a lease may end from now on, before the Machine Provider is
// asked to end it. It returns what the lessee held.
func (b *Book) LetGo(request string) (h Holding, held bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, held = b.holdings[request]
	delete(b.holdings, request)
	return h, held
}

// Kept reports whether a lessee keeps an instance.
func (b *Book) Kept(instance string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.holdings {
		if h.Kept && h.Instance == instance {
			return true
		}
	}
	return false
}

// Harm records that an instance's VM is being taken away by hand.
func (b *Book) Harm(instance string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.harmed[instance] = true
}

// Harmed reports whether an instance's VM was taken away by hand.
func (b *Book) Harmed(instance string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.harmed[instance]
}

// Held returns the leases that must be running.
func (b *Book) Held(now time.Time) []Holding {
	b.mu.Lock()
	defer b.mu.Unlock()
	var held []Holding
	for _, h := range b.holdings {
		if h.Sure(now) && !b.harmed[h.Instance] {
			held = append(held, h)
		}
	}
	return held
}
