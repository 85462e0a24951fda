package simulator

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Cloud is one simulated Compute Engine with any number of projects.
type Cloud struct {
	opts     Options
	mux      *http.ServeMux
	zones    []string
	mutating map[string]bool // methods that can change something

	mu       sync.Mutex // guards everything below
	clock    time.Time
	events   eventHeap
	sequence uint64
	projects map[string]*project
	quota    *quotaMeter
	settings Settings
	calls    map[string]int
	stuck    []func() // what Unstick resumes
	wake     chan struct{}

	faults faultQueue
	outbox outbox
}

// New returns an empty Cloud.
func New(opts Options) *Cloud {
	c := &Cloud{opts: opts.withDefaults(), wake: make(chan struct{}, 1)}
	c.zones = slices.Clone(c.opts.Zones)
	slices.Sort(c.zones)
	c.outbox.deliver = c.opts.OnActivity
	c.reset()
	c.mux = c.routes()
	return c
}

// ServeHTTP serves the Compute Engine API under /compute/v1/, its batches under
// /batch/compute/v1, and the admin endpoint under /admin/.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mux.ServeHTTP(w, r)
}

// Reset forgets all state, faults and counters. The clock goes on.
func (c *Cloud) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset()
	c.faults.clear()
}

func (c *Cloud) reset() {
	c.events = nil
	c.projects = map[string]*project{}
	c.quota = newQuotaMeter(c.opts.Quota)
	c.settings = c.opts.Settings
	c.calls = map[string]int{}
	c.stuck = nil
}

// locked advances the state to now, runs f, runs whatever f made due at once,
// and then delivers the audit messages.
func (c *Cloud) locked(f func()) {
	defer c.outbox.flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	f()
	c.advance()
}
