package fleet

import (
	"hash/fnv"
	"slices"
	"time"
)

// A machine is given up once two requests to the catalog, at least this far
// apart, did not find it.
const (
	confirmAfter = 30 * time.Second
	// confirmLeasedAfter applies to a machine whose lease should still run:
	// somebody may be using it, and the end of a lease is normally announced.
	// A Machine Provider that lost its data should have it back by then.
	confirmLeasedAfter = time.Hour
)

// Phase returns a number that spreads the managers' turns at occasional work
// over time.
func (k ManagerKey) Phase() int64 {
	hash := fnv.New32a()
	hash.Write([]byte(k.String())) // never fails
	return int64(hash.Sum32())
}

// Brake bounds the damage of a Machine Provider that suddenly has lost its
// data.
type Brake struct{ Percent, Minimum int }

// DefaultBrake is used if settings.cfg has none.
var DefaultBrake = Brake{Percent: 20, Minimum: 5}

// Allowance returns how many of a manager's instances one sweep may give up
// without a known reason.
func (b Brake) Allowance(instances int) int {
	return max(instances*b.Percent/100, b.Minimum)
}

// Confirmed reports whether an instance has been missing for so long that it is
// given up if the catalog does not have it now either.
func (i Instance) Confirmed(now time.Time) bool {
	after := confirmAfter
	if i.State == Leased && !i.LeaseOver(now) {
		after = confirmLeasedAfter
	}
	return !i.MissingSince.IsZero() && now.Sub(i.MissingSince) >= after
}

// Freeze lists the base names of the templates whose pools are left exactly as
// they are; "*" means all.
type Freeze []string

// Covers reports whether a template is frozen.
func (f Freeze) Covers(baseName string) bool {
	return slices.Contains(f, "*") || slices.Contains(f, baseName)
}
