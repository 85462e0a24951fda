package leasing

import (
	"slices"
	"time"
)

// FenceTime is how long a fence stands: longer than an addition can be under
// way.
const FenceTime = time.Hour

// Fence refuses additions of an instance that were settled before they came:
// those with a number up to Offer.
type Fence struct {
	Instance string    `firestore:"instance"`
	Offer    int64     `firestore:"offer,omitempty"`
	ExpireAt time.Time `firestore:"expireAt"`
}

// Entry reports whether the document holds a machine, and not only fences.
func (m Machine) Entry() bool { return m.State != "" && m.ExpireAt.IsZero() }

// Settled reports whether a fence refuses an addition.
func (m Machine) Settled(added Machine) bool {
	return slices.ContainsFunc(m.Fences, func(f Fence) bool { return f.Instance == added.Instance() && added.Number <= f.Offer })
}

// Settle puts a fence into the document, whether it holds another instance's
// entry or none; false where such a fence stands.
func (m Machine) Settle(fence Fence, now time.Time) (Machine, bool) {
	fence.ExpireAt = now.Add(FenceTime)
	var others []Fence
	for _, f := range m.Fences {
		switch {
		case !f.ExpireAt.After(now):
		case f.Instance != fence.Instance:
			others = append(others, f)
		case f.Offer >= fence.Offer:
			return m, false
		}
	}
	others = append(others, fence)
	m.Fences = others
	if !m.Entry() {
		m.State, m.ExpireAt = Withdrawn, fence.ExpireAt
	}
	return m, true
}

// Vacated is what stays of the document without its entry: the fences; nil
// where there are none.
func (m Machine) Vacated(now time.Time) *Machine {
	left := Machine{Backend: m.Backend, Hostname: m.Hostname, State: Withdrawn}
	for _, f := range m.Fences {
		if f.ExpireAt.After(now) {
			left.Fences = append(left.Fences, f)
			left.ExpireAt = f.ExpireAt
		}
	}
	if len(left.Fences) == 0 {
		return nil
	}
	return &left
}
