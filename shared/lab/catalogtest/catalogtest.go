// Package catalogtest is a Machine Provider's catalog in memory, with hooks that
// make it fail, for tests of the catalog's clients.
package catalogtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
)

// Method names a method of the catalog.
type Method string

// The methods.
const (
	Add     Method = "Add"
	Get     Method = "Get"
	Remove  Method = "Remove"
	Changes Method = "Changes"
	Count   Method = "Count"
	List    Method = "List"
)

// Fault is the fault of a call; the zero value is none.
type Fault struct {
	// Before is returned without making the call.
	Before error
	// After is returned although the call was made.
	After error
	// Each holds errors by hostname: such a machine gets its error, and nothing
	// else happens to it.
	Each map[string]error
}

// Hooks are called for each call, on the caller's goroutine, without a lock:
// they may change the catalog or anything else, as a concurrent caller would. A
// nil hook does nothing.
type Hooks struct {
	// Before is called before the call is made, and returns its fault.
	Before func(method Method, hostnames []string) Fault
	// After is called once the call was made, before the caller gets the answer.
	After func(method Method, hostnames []string)
}

// machine is an entry of the catalog.
type machine struct {
	entry        catalog.Entry
	expiration   time.Time
	indefinitely bool
}

func (m machine) state(hostname string) catalog.Machine {
	return catalog.Machine{Hostname: hostname, Instance: m.entry.Instance, LeaseExpiration: m.expiration, LeasedIndefinitely: m.indefinitely}
}

func (m machine) leased() bool { return m.indefinitely || !m.expiration.IsZero() }

// Catalog keeps machines in memory. It is safe for concurrent use.
type Catalog struct {
	mu       sync.Mutex
	hooks    Hooks
	machines map[string]machine
	calls    map[Method]int
	changed  []catalog.Change
	fences   map[string]int64 // by instance: the highest offer number that is refused
	// unsupported makes it a Machine Provider that lacks our additional calls.
	unsupported bool
}

var _ catalog.Catalog = (*Catalog)(nil)

// New makes an empty catalog.
func New() *Catalog {
	return &Catalog{machines: map[string]machine{}, calls: map[Method]int{}, fences: map[string]int64{}}
}

// Hook sets the hooks of all later calls.
func (c *Catalog) Hook(hooks Hooks) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks = hooks
}

// WithoutChanges makes the catalog a Machine Provider that lacks our additional
// calls: among other things, Changes returns catalog.ErrUnsupported, and nothing
// returns catalog.ErrSettled for a machine that is absent.
func (c *Catalog) WithoutChanges() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unsupported = true
}

// Calls returns how often a method was called.
func (c *Catalog) Calls(method Method) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[method]
}

// Hostnames lists the machines that the catalog has.
func (c *Catalog) Hostnames() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.machines))
}

// Entry returns a machine as it was added.
func (c *Catalog) Entry(hostname string) (catalog.Entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, there := c.machines[hostname]
	return m.entry, there
}

// Lease leases a machine until a time, or indefinitely for the zero time. It
// reports whether the machine was available.
func (c *Catalog) Lease(hostname string, until time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, there := c.machines[hostname]
	if !there || m.leased() {
		return false
	}
	m.expiration, m.indefinitely = until, until.IsZero()
	c.put(hostname, m)
	return true
}

// Release ends a machine's lease and leaves the machine in the catalog.
func (c *Catalog) Release(hostname string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m, there := c.machines[hostname]; there {
		m.expiration, m.indefinitely = time.Time{}, false
		c.put(hostname, m)
	}
}

// Reclaim takes a machine out of the catalog, leased or not, as the Machine
// Provider does when a lease ends.
func (c *Catalog) Reclaim(hostname string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(hostname)
}

func (c *Catalog) put(hostname string, m machine) {
	c.machines[hostname] = m
	c.changed = append(c.changed, catalog.Change{Hostname: hostname, Instance: m.entry.Instance})
}

func (c *Catalog) drop(hostname string) {
	if m, there := c.machines[hostname]; there {
		delete(c.machines, hostname)
		c.changed = append(c.changed, catalog.Change{Hostname: hostname, Instance: m.entry.Instance, Removed: true})
	}
}

// Add offers machines.
func (c *Catalog) Add(ctx context.Context, entries ...catalog.Entry) ([]error, error) {
	name := func(entry catalog.Entry) string { return entry.Hostname }
	return each(ctx, c, Add, entries, name, asIs, func(entry catalog.Entry) error {
		if _, there := c.machines[entry.Hostname]; there {
			return catalog.ErrReused // perhaps by this very machine: its backend must find out
		}
		if until, fenced := c.fences[entry.Instance]; fenced && entry.Offer <= until {
			return catalog.ErrSettled
		}
		c.put(entry.Hostname, machine{entry: entry})
		return nil
	})
}

// Get returns the state of machines.
func (c *Catalog) Get(ctx context.Context, questions ...catalog.Question) ([]catalog.Machine, error) {
	name := func(q catalog.Question) string { return q.Hostname }
	failed := func(hostname string, err error) catalog.Machine { return catalog.Machine{Hostname: hostname, Err: err} }
	return each(ctx, c, Get, questions, name, failed, func(q catalog.Question) catalog.Machine {
		m, there := c.machines[q.Hostname]
		if !there || q.Settle && m.entry.Instance != q.Instance {
			return catalog.Machine{Hostname: q.Hostname, Err: c.absent(q.Settle, q.Instance, q.Offer)}
		}
		return m.state(q.Hostname)
	})
}

// Remove takes machines out of the catalog.
func (c *Catalog) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	name := func(removal catalog.Removal) string { return removal.Hostname }
	return each(ctx, c, Remove, removals, name, asIs, func(removal catalog.Removal) error {
		m, there := c.machines[removal.Hostname]
		switch {
		case !there || removal.Instance != "" && m.entry.Instance != removal.Instance:
			return c.absent(removal.Settle, removal.Instance, removal.Offer)
		case m.leased() && !removal.Gone:
			return catalog.ErrLeased
		}
		c.drop(removal.Hostname)
		return nil
	})
}

// absent returns the error for a machine that the catalog does not have. To
// settle, it makes the catalog refuse all later offers of the instance with
// numbers up to offer.
func (c *Catalog) absent(settle bool, instance string, offer int64) error {
	if !settle || c.unsupported {
		return catalog.ErrNotFound
	}
	if until, fenced := c.fences[instance]; !fenced || until < offer {
		c.fences[instance] = offer
	}
	return catalog.ErrSettled
}

// Changes returns the changes since a cursor, which is the number of changes
// returned so far.
func (c *Catalog) Changes(ctx context.Context, cursor string) (catalog.Changes, error) {
	return call(ctx, c, Changes, nil, func(map[string]error) (catalog.Changes, error) {
		if c.unsupported {
			return catalog.Changes{}, catalog.ErrUnsupported
		}
		from, err := strconv.Atoi(cursor)
		if err != nil || from > len(c.changed) {
			from = 0
		}
		return catalog.Changes{Cursor: strconv.Itoa(len(c.changed)), Changed: slices.Clone(c.changed[from:])}, nil
	})
}

// Count counts the machines whose hostnames begin with each prefix.
func (c *Catalog) Count(ctx context.Context, prefixes ...string) ([]catalog.Count, error) {
	counts := make([]catalog.Count, len(prefixes))
	for i, prefix := range prefixes {
		machines, err := c.list(ctx, Count, prefix)
		if err != nil {
			return nil, err
		}
		for _, m := range machines {
			if m.Leased() {
				counts[i].Leased++
			} else {
				counts[i].Available++
			}
		}
	}
	return counts, nil
}

// List lists the machines whose hostnames begin with a prefix.
func (c *Catalog) List(ctx context.Context, prefix string) ([]catalog.Machine, error) {
	return c.list(ctx, List, prefix)
}

func (c *Catalog) list(ctx context.Context, method Method, prefix string) ([]catalog.Machine, error) {
	return call(ctx, c, method, nil, func(map[string]error) (found []catalog.Machine, err error) {
		if c.unsupported {
			return nil, catalog.ErrUnsupported
		}
		for hostname, m := range c.machines {
			if strings.HasPrefix(hostname, prefix) {
				found = append(found, m.state(hostname))
			}
		}
		return found, nil
	})
}

func asIs(_ string, err error) error { return err }

// each does one call about several machines.
func each[Q, A any](ctx context.Context, c *Catalog, method Method, questions []Q, name func(Q) string,
	failed func(hostname string, err error) A, do func(Q) A) ([]A, error) {
	hostnames := make([]string, len(questions))
	for i, question := range questions {
		hostnames[i] = name(question)
	}
	return call(ctx, c, method, hostnames, func(faults map[string]error) ([]A, error) {
		answers := make([]A, len(questions))
		for i, question := range questions {
			if err := faults[hostnames[i]]; err != nil {
				answers[i] = failed(hostnames[i], err)
			} else {
				answers[i] = do(question)
			}
		}
		return answers, nil
	})
}

// call makes one call, with its hooks; do gets the faults of single machines.
func call[A any](ctx context.Context, c *Catalog, method Method, hostnames []string, do func(map[string]error) (A, error)) (none A, err error) {
	c.mu.Lock()
	c.calls[method]++
	hooks := c.hooks
	c.mu.Unlock()
	var fault Fault
	if hooks.Before != nil {
		fault = hooks.Before(method, hostnames)
	}
	if err := cmp.Or(ctx.Err(), fault.Before); err != nil {
		return none, err
	}
	c.mu.Lock()
	answer, err := do(fault.Each)
	c.mu.Unlock()
	if hooks.After != nil {
		hooks.After(method, hostnames)
	}
	if fault.After != nil {
		return none, fault.After
	}
	return answer, err
}
