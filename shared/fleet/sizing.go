package fleet

import "time"

// Limits of a group's size.
const (
	// GroupLimit is the number of VMs in a group.
	GroupLimit = 1000
	// growthStep is how far a group's target may be ahead of the VMs that are
	// up, so that a template that cannot boot costs at most so many.
	growthStep = 100
	// claimTime is how long a resize that was asked for counts, while the
	// group does not show it yet.
	claimTime = 2 * time.Minute
)

// ResizeClaim is a resize that one run took upon itself: of several at once
// only one wins the write, and only that one calls.
type ResizeClaim struct {
	By     string    `firestore:"by,omitempty"`
	Target int       `firestore:"target,omitempty"`
	At     time.Time `firestore:"at,omitempty"`
}

// Counts counts a group's VMs, as Compute Engine does.
type Counts struct {
	Target   int // targetSize
	Idle     int // currentActions.none
	Deleting int // still there, no longer part of the target
	Total    int // all that exist or are being made
}

// footprint is the number of VMs that the group has or is about to have.
func (c Counts) footprint() int { return max(c.Target+c.Deleting, c.Total) }

// Sizing is what a manager's size is decided by.
type Sizing struct {
	Minimum, Maximum int
	Leased           int // leased instances of this manager
	Group            Counts
	// Others counts the VMs of the template's other revisions in this zone.
	Others int
	// Pending counts the instances pending deletion, those that Compute Engine
	// is deleting included: a VM that leaves the target is there for a while.
	Pending int
}

// Wanted is the size that the leases and the minimum ask for, within the
// maximum.
func (s Sizing) Wanted() int {
	return max(min(max(s.Minimum, withReserve(s.Leased)), s.Maximum-s.Others), 0)
}

// Target is what the group's targetSize is to be raised to; ok is false where
// it is that high already, because a resize never lowers it: lowering picks
// its victims blindly.
func (s Sizing) Target() (target int, ok bool) {
	room := s.Maximum - s.Others - max(s.Group.Deleting, s.Pending)
	target = min(max(s.Minimum, withReserve(s.Leased)), room, s.Group.Idle+growthStep)
	return target, target > s.Group.Target
}

// Over reports whether the group has more VMs than wanted: some may be surplus.
func (s Sizing) Over() bool { return s.Group.Total > s.Wanted() }

// Surplus is how many of the cataloged, unleased instances to take out: as
// many as the machines at hand exceed the size wanted. The minimum is always
// kept, also where another revision's VMs leave no room for it.
func (s Sizing) Surplus(cataloged int) int {
	return max(min(s.Leased+cataloged-max(s.Wanted(), s.Minimum), cataloged), 0)
}

// withReserve is ⌈1.1 × leased⌉, in whole numbers: 50 leases ask for 55.
func withReserve(leased int) int { return (leased*11 + 9) / 10 }

// held reports whether the claim still counts, because it is recent and the
// group does not show its target yet.
func (c ResizeClaim) held(shown int, now time.Time) bool {
	return c.Target > shown && now.Sub(c.At) < claimTime
}

// Open reports whether the run that holds the claim may still call.
func (c ResizeClaim) Open(now time.Time) bool { return c.Target > 0 && now.Sub(c.At) < claimTime }

// Expected is the footprint of a group, a claimed resize included.
func (m Manager) Expected(counts Counts, now time.Time) int {
	if m.Claim.held(counts.Target, now) {
		return max(counts.footprint(), m.Claim.Target+counts.Deleting)
	}
	return counts.footprint()
}
