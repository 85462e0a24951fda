package invariants

import (
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Maxima holds the maximum sizes that are no longer in force, but that a run
// which read them may still use.
type Maxima map[fleet.PoolKey][]maximum

type maximum struct {
	size  int
	until time.Time
}

// maximaKept is how long a run may still use what it read: no run, no message
// and no claim lasts longer.
const maximaKept = 10 * time.Minute

// Over notes that a pool's maximum is no longer in force.
func (m Maxima) Over(pool fleet.PoolKey, size int, now time.Time) {
	m[pool] = append(slices.DeleteFunc(m[pool], func(one maximum) bool { return one.until.Before(now) }), maximum{size: size, until: now.Add(maximaKept)})
}

// With returns the largest maximum size of each pool that a run may still use:
// the one in force or an earlier one.
func (m Maxima) With(inForce map[fleet.PoolKey]int, now time.Time) map[fleet.PoolKey]int {
	for pool, sizes := range m {
		for _, one := range sizes {
			if one.until.After(now) {
				inForce[pool] = max(inForce[pool], one.size)
			}
		}
	}
	return inForce
}
