package fleet

import "time"

// Limits of a group's size.
const (
	// GroupLimit is the maximum number of VMs in a group.
	GroupLimit = 1000
	// growthStep is how far a group's target may exceed the number of VMs that
	// are up. It limits the cost of a template that cannot boot.
	growthStep = 100
	// claimTime is how long a requested resize counts while the group does not
	// show it yet.
	claimTime = 2 * time.Minute
)

// ResizeClaim is a resize that one run has claimed: of several concurrent runs
// only the one whose write succeeds calls Compute Engine.
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

// footprint returns the number of VMs that the group has or is about to have.
func (c Counts) footprint() int { return max(c.Target+c.Deleting, c.Total) }

// Sizing holds the facts that decide a group's size.
type Sizing struct {
	Minimum, Maximum int
	Leased           int // leased instances of the group
	Group            Counts
	// Others counts the VMs of the template's other revisions in this zone.
	Others int
	// Pending counts the instances pending deletion, including those that
	// Compute Engine is deleting: a VM that left the target still exists for a
	// while.
	Pending int
}

// Wanted returns the size that the leases and the minimum require, within the
// maximum.
func (s Sizing) Wanted() int {
	return max(min(max(s.Minimum, withReserve(s.Leased)), s.Maximum-s.Others), 0)
}

// Target returns the targetSize to raise the group to; ok is false if the group
// already has that or more. A resize never lowers the target, because Compute
// Engine would choose which VMs to delete, including leased ones.
func (s Sizing) Target() (target int, ok bool) {
	room := s.Maximum - s.Others - max(s.Group.Deleting, s.Pending)
	target = min(max(s.Minimum, withReserve(s.Leased)), room, s.Group.Idle+growthStep)
	return target, target > s.Group.Target
}

// Over reports whether the group has more VMs than wanted, so that some may be
// surplus.
func (s Sizing) Over() bool { return s.Group.Total > s.Wanted() }

// Surplus returns how many of the cataloged instances, which are not leased, to
// take out: the number by which leased and cataloged ones together exceed the
// wanted size. The minimum is always kept, even if another revision's VMs leave
// no room for it.
func (s Sizing) Surplus(cataloged int) int {
	return max(min(s.Leased+cataloged-max(s.Wanted(), s.Minimum), cataloged), 0)
}

// withReserve returns ⌈1.1 × leased⌉ in integer arithmetic: 50 leases need 55.
func withReserve(leased int) int { return (leased*11 + 9) / 10 }

// held reports whether the claim still counts, because it is recent and the
// group does not show its target yet.
func (c ResizeClaim) held(shown int, now time.Time) bool {
	return c.Target > shown && now.Sub(c.At) < claimTime
}

// Open reports whether the run that holds the claim may still call Compute
// Engine.
func (c ResizeClaim) Open(now time.Time) bool { return c.Target > 0 && now.Sub(c.At) < claimTime }

// Expected returns the footprint of a group, including a claimed resize.
func (m Manager) Expected(counts Counts, now time.Time) int {
	if m.Claim.held(counts.Target, now) {
		return max(counts.footprint(), m.Claim.Target+counts.Deleting)
	}
	return counts.footprint()
}
