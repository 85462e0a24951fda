package fleet

import (
	"hash/fnv"
	"slices"
	"time"
)

// A machine is given up once the catalog was asked twice and did not have it,
// with at least this time between.
const (
	confirmAfter = 30 * time.Second
	// confirmLeasedAfter is the time for a machine whose lease should still run:
	// somebody may be using it, and whoever ends a lease says so. It outlasts a
	// Machine Provider that knows nothing for a while.
	confirmLeasedAfter = time.Hour
)

// Phase returns a number by which the managers' turns at occasional work are
// spread over time.
func (k ManagerKey) Phase() int64 {
	hash := fnv.New32a()
	hash.Write([]byte(k.String())) // never fails
	return int64(hash.Sum32())
}

// Brake bounds what a Machine Provider that suddenly knows nothing can cost.
type Brake struct{ Percent, Minimum int }

// DefaultBrake is used where settings.cfg says nothing.
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

// Freeze names the pools that are left exactly as they are.
type Freeze []string

// Covers reports whether a template is frozen.
func (f Freeze) Covers(baseName string) bool {
	return slices.Contains(f, "*") || slices.Contains(f, baseName)
}
