package promises

import (
	"slices"
	"time"
)

// maxima are the maximum sizes of each template in a zone that a run may go by:
// the configured one, and those of a while ago.
type maxima map[place][]maximum

type place struct{ BaseName, Zone string }

type maximum struct {
	size  int
	until time.Time // zero: configured
}

// maximaKept is for how long a run may still go by what it read: no run, no
// message and no claim lasts longer.
const maximaKept = 10 * time.Minute

func (m maxima) configured(pools []Pool, now time.Time) {
	for where, sizes := range m {
		for i := range sizes {
			if sizes[i].until.IsZero() {
				sizes[i].until = now.Add(maximaKept)
			}
		}
		m[where] = slices.DeleteFunc(sizes, func(one maximum) bool { return one.until.Before(now) })
	}
	for _, pool := range pools {
		where := place{pool.BaseName, pool.Zone}
		m[where] = append(m[where], maximum{size: pool.Maximum})
	}
}

// at are the greatest sizes at a time.
func (m maxima) at(now time.Time) map[place]int {
	most := map[place]int{}
	for where, sizes := range m {
		for _, one := range sizes {
			if one.until.IsZero() || one.until.After(now) {
				most[where] = max(most[where], one.size)
			}
		}
	}
	return most
}
