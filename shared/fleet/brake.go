package fleet

import (
	"hash/fnv"
	"slices"
	"time"
)

// The least time between the two looks that must both miss a machine in the
// catalog before it is given up.
const (
	confirmAfter = 30 * time.Second
	// confirmLeasedAfter is that of a machine whose lease should still run:
	// somebody may be using it, and whoever ends a lease says so. It outlasts a
	// Machine Provider that knows nothing for a while.
	confirmLeasedAfter = time.Hour
)

// Phase is a number that spreads over the time what is done to each manager once
// in a while.
func (k ManagerKey) Phase() int64 {
	hash := fnv.New32a()
	hash.Write([]byte(k.String())) // never fails
	return int64(hash.Sum32())
}

// Brake bounds what a Machine Provider that suddenly knows nothing can cost.
type Brake struct{ Percent, Minimum int }

// DefaultBrake is used where settings.cfg says nothing.
var DefaultBrake = Brake{Percent: 20, Minimum: 5}

// Allowance is how many of a manager's instances one sweep may give up
// without a known reason.
func (b Brake) Allowance(instances int) int {
	return max(instances*b.Percent/100, b.Minimum)
}

// Confirmed reports whether an instance was missing long enough ago for this
// look to be the second one.
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
