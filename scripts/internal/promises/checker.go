// Package promises checks that the suite keeps its promises while it is killed
// and restarted. It checks from outside: it reads Compute Engine, the Firestore
// documents and the answers that lessees got, and does not ask the suite
// itself.
package promises

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// Checker checks a suite's store and its Compute Engine. It is safe for
// concurrent use.
type Checker struct {
	Book *Book

	store  store.Store
	cloud  *simulator.Cloud
	asking sync.Mutex // held while one change of Compute Engine is checked and then made

	round    sync.Mutex
	previous invariants.Records // records of the last round

	mu      sync.Mutex
	pools   []Pool          // the configured ones
	whole   map[string]bool // the revisions that were uploaded completely
	maxima  invariants.Maxima
	checked map[string]int
	broken  []invariants.Violation
	vms     map[string]bool // the VMs whose deletion was requested
	trace   []string
}

// New returns a checker of a store and a Compute Engine.
func New(records store.Store, cloud *simulator.Cloud) *Checker {
	return &Checker{Book: NewBook(), store: records, cloud: cloud, whole: map[string]bool{}, maxima: invariants.Maxima{}, checked: map[string]int{}, vms: map[string]bool{}}
}

// Configured records a new configuration before the suite can learn of it: its
// pools, and the revision of its files.
func (c *Checker) Configured(pools []Pool, revision string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, pool := range c.pools {
		c.maxima.Over(pool.key(), pool.Maximum, time.Now())
	}
	c.pools, c.whole[revision] = slices.Clone(pools), true
}

// Note adds a line to the trace.
func (c *Checker) Note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(format, args...)
}

func (c *Checker) note(format string, args ...any) {
	c.trace = append(c.trace, time.Now().UTC().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// Break records that an invariant is broken.
func (c *Checker) Break(invariant, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaks(invariants.Violation{Invariant: invariant, Detail: fmt.Sprintf(format, args...)})
}

func (c *Checker) breaks(violations ...invariants.Violation) {
	for _, violation := range violations {
		if slices.Contains(c.broken, violation) { // later rounds find it again
			continue
		}
		c.note("BROKEN %s", violation.Error())
		c.broken = append(c.broken, violation)
	}
}

// Broken returns the violations.
func (c *Checker) Broken() []invariants.Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.broken)
}

// Checked returns the number of checks of each invariant.
func (c *Checker) Checked() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.checked)
}

// Deleted returns the number of VMs whose deletion was requested.
func (c *Checker) Deleted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.vms)
}

// Trace returns the trace, oldest line first.
func (c *Checker) Trace() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.trace)
}

// Round checks everything once, and compares it with the previous round.
func (c *Checker) Round(ctx context.Context) error {
	c.round.Lock()
	defer c.round.Unlock()
	v, err := c.Look(ctx)
	if err != nil {
		return err
	}
	c.absorb(v.Step(v.Since(c.previous)), func() {})
	c.previous = v.Records
	inForce, err := config.Current(ctx, c.store)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked[invariants.WholeConfig]++
	if inForce.Revision != "" && !c.whole[inForce.Revision] {
		c.breaks(invariants.Violation{Invariant: invariants.WholeConfig, Detail: "revision " + inForce.Revision + " is a part of an upload"})
	}
	return nil
}

// absorb adds the findings about a view to the checker's.
func (c *Checker) absorb(found invariants.Findings, also func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for invariant, n := range found.Checked {
		c.checked[invariant] += n
	}
	c.breaks(found.Broken...)
	also()
}

// Pool is the configuration of a template in a zone.
type Pool struct {
	BaseName, Zone string
	Image          string // the same in all zones of a template
	fleet.Sizes
}

func (p Pool) key() fleet.PoolKey { return fleet.PoolKey{BaseName: p.BaseName, Zone: p.Zone} }
