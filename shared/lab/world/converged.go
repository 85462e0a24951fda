package world

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// Differences lists how the world differs from its configuration. The list is
// empty once the world has converged.
func (w *World) Differences() []string {
	configured := invariants.Configured{Images: map[string]string{}, Sizes: map[fleet.PoolKey]fleet.Sizes{}}
	for base, pool := range w.Config.Pools {
		configured.Images[base] = fmt.Sprintf("debian-%d", pool.Variant)
		for zone, sizes := range pool.Zones {
			configured.Sizes[fleet.PoolKey{BaseName: base, Zone: zone}] = sizes
		}
	}
	return slices.Sorted(slices.Values(append(w.view().Differences(configured), w.wrongSnapshots()...)))
}

// Converge runs the world until it equals its configuration, and then checks
// that a further sweep does nothing. It returns the time that this took.
func (w *World) Converge(sweeps int) time.Duration {
	from := w.clock
	var left []string
	for range sweeps {
		w.Minutes(1)
		if w.broken != nil {
			return 0
		}
		if left = w.Differences(); len(left) == 0 {
			break
		}
	}
	w.check(invariants.Converges)
	if len(left) > 0 {
		w.Break(invariants.Converges, fmt.Sprintf("after %d sweeps: %s", sweeps, strings.Join(left[:min(len(left), 8)], "; ")))
		return 0
	}
	return w.clock.Sub(from)
}

// StaysQuiet checks that further sweeps change and write nothing. If a lease
// changes meanwhile, it waits until the world is at rest again.
func (w *World) StaysQuiet(sweeps int) {
	const tries = 6
	for range tries {
		w.Settle(time.Hour) // late messages
		w.Converge(60)
		w.Minutes(3) // until the cursor of the catalog's changes has caught up
		before, leases := w.Stats, w.leaseDigest()
		w.Minutes(sweeps)
		if w.broken != nil {
			return
		}
		if w.leaseDigest() != leases || len(w.Differences()) > 0 {
			continue
		}
		w.check(invariants.Quiet)
		if writes, mutations := w.Stats.Writes-before.Writes, w.Stats.Mutations-before.Mutations; writes+mutations > 0 {
			w.Break(invariants.Quiet, fmt.Sprintf("%d writes and %d mutations with nothing to do", writes, mutations))
		}
		return
	}
	w.Break(invariants.Quiet, "the world does not come to rest")
}

// leaseDigest describes all leases: two digests differ if a lease began, changed
// or ended in between.
func (w *World) leaseDigest() string {
	var text []string
	for key, lease := range w.mirror.Leases {
		text = append(text, fmt.Sprint(key, lease.State, lease.EndedAt, lease.ExpiresAt, lease.Unsent, lease.Attempts))
	}
	slices.Sort(text)
	return strings.Join(text, "\n")
}
