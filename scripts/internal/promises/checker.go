// Package promises checks from outside, by Compute Engine, the Firestore
// documents and what lessees were told, that the suite keeps its promises
// while it is killed and started again. The suite itself is not asked.
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

// Checker looks at a suite's store and its Compute Engine. It is safe for
// concurrent use.
type Checker struct {
	Book *Book

	store  store.Store
	cloud  *simulator.Cloud
	asking sync.Mutex // one change of Compute Engine at a time: checked, then done

	round    sync.Mutex
	previous invariants.Records // of the last round

	mu      sync.Mutex
	pools   []Pool          // that are configured
	whole   map[string]bool // the revisions that were written whole
	maxima  invariants.Maxima
	checked map[string]int
	broken  []invariants.Violation
	vms     map[string]bool // that were asked to be deleted
	trace   []string
}

// New makes a checker of what is in a store and a Compute Engine.
func New(records store.Store, cloud *simulator.Cloud) *Checker {
	return &Checker{Book: NewBook(), store: records, cloud: cloud, whole: map[string]bool{}, maxima: invariants.Maxima{}, checked: map[string]int{}, vms: map[string]bool{}}
}

// Configured notes what is configured from now on, before the suite can know:
// the pools, and the revision of the files.
func (c *Checker) Configured(pools []Pool, revision string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, pool := range c.pools {
		c.maxima.Over(pool.key(), pool.Maximum, time.Now())
	}
	c.pools, c.whole[revision] = slices.Clone(pools), true
}

// Note adds a line to what happened.
func (c *Checker) Note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(format, args...)
}

func (c *Checker) note(format string, args ...any) {
	c.trace = append(c.trace, time.Now().UTC().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// Break records that an invariant does not hold.
func (c *Checker) Break(invariant, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaks(invariants.Violation{Invariant: invariant, Detail: fmt.Sprintf(format, args...)})
}

func (c *Checker) breaks(violations ...invariants.Violation) {
	for _, violation := range violations {
		if slices.Contains(c.broken, violation) { // it is there in the next round too
			continue
		}
		c.note("BROKEN %s", violation.Error())
		c.broken = append(c.broken, violation)
	}
}

// Broken are the invariants that did not hold.
func (c *Checker) Broken() []invariants.Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.broken)
}

// Checked counts the looks at each invariant.
func (c *Checker) Checked() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.checked)
}

// Deleted counts the VMs that Compute Engine was asked to delete.
func (c *Checker) Deleted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.vms)
}

// Trace is what happened, the oldest first.
func (c *Checker) Trace() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.trace)
}

// Round looks at everything once, and compares it with the round before.
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

// absorb takes over what was found of a view.
func (c *Checker) absorb(found invariants.Findings, also func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for invariant, n := range found.Checked {
		c.checked[invariant] += n
	}
	c.breaks(found.Broken...)
	also()
}

// Pool is what is configured of a template in a zone.
type Pool struct {
	BaseName, Zone string
	Image          string // the same in all zones of a template
	fleet.Sizes
}

func (p Pool) key() fleet.PoolKey { return fleet.PoolKey{BaseName: p.BaseName, Zone: p.Zone} }
