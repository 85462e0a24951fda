package leasing

import (
	"slices"
	"time"
)

// FenceTime is how long a fence lasts: longer than an addition can be under
// way.
const FenceTime = time.Hour

// Fence refuses additions of an instance that arrive after they were settled:
// those with offer numbers up to Offer.
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

// Settle adds a fence to the document, whether it holds another instance's
// entry or no entry. It returns false if it has such a fence already.
func (m Machine) Settle(fence Fence, now time.Time) (Machine, bool) {
	fence.ExpireAt = now.Add(FenceTime)
	stand := m.standing(now)
	same := func(f Fence) bool { return f.Instance == fence.Instance }
	if i := slices.IndexFunc(stand, same); i >= 0 && stand[i].Offer >= fence.Offer {
		return m, false
	}
	stand = append(slices.DeleteFunc(stand, same), fence)
	m.Fences = stand
	if !m.Entry() {
		m.State, m.ExpireAt = Withdrawn, fence.ExpireAt
	}
	return m, true
}

// Vacated returns the document without its entry but with its fences; nil if it
// has no fence left.
func (m Machine) Vacated(now time.Time) *Machine {
	stand := m.standing(now)
	if len(stand) == 0 {
		return nil
	}
	return &Machine{
		Backend: m.Backend, Hostname: m.Hostname, State: Withdrawn,
		Fences: stand, ExpireAt: stand[len(stand)-1].ExpireAt,
	}
}

// standing returns the fences that have not expired, the latest last.
func (m Machine) standing(now time.Time) []Fence {
	return slices.DeleteFunc(slices.Clone(m.Fences), func(f Fence) bool { return !f.ExpireAt.After(now) })
}
