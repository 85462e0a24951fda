package fleet

import "time"

// Times of a claim to delete a group or a template.
const (
	// ClaimWork is how long after its claim a run may still ask for the
	// deletion; longer than a call takes, and less than the claim is held.
	ClaimWork = 100 * time.Second
	// deletionClaimTime is how long a claim is held: nobody else may claim
	// meanwhile, so that no request of an earlier run comes after the claim has
	// been given back.
	deletionClaimTime = 3 * time.Minute
)

// DeletionClaim is the right of one run to ask for a deletion.
type DeletionClaim struct {
	By string    `firestore:"by,omitempty"`
	At time.Time `firestore:"at,omitempty"`
	// Since is when the first deletion was claimed of which it is not known what
	// became: it may still be under way, so that a refusal of a later one does
	// not end it.
	Since time.Time `firestore:"since,omitempty"`
}

// next is the claim after this one.
func (c DeletionClaim) next(by string, now time.Time) DeletionClaim {
	next := DeletionClaim{By: by, At: now, Since: c.Since}
	if next.Since.IsZero() {
		next.Since = now
	}
	return next
}

// refused is what is left of the claim when its deletion was refused; none
// where no other can be under way: there was none, or what was to be deleted
// is intact long after.
func (c DeletionClaim) refused(intact bool) (left DeletionClaim, deleting bool) {
	if c.Since.Equal(c.At) || intact && c.At.Sub(c.Since) >= DrainTime {
		return DeletionClaim{}, false
	}
	return DeletionClaim{Since: c.Since}, true
}

// Held reports whether some run may still ask.
func (c DeletionClaim) Held(now time.Time) bool {
	return c.By != "" && now.Sub(c.At) < deletionClaimTime
}

// Deletable reports whether the manager's group may be deleted, as far as its
// record tells: it was drained long enough ago, and no other run is at it.
func (m Manager) Deletable(now time.Time) bool {
	return m.State == Drained && now.Sub(m.DrainedAt) >= RevertTime && !m.Deletion.Held(now)
}

// ClaimDeletion lets a run delete the group of a drained manager, as it was
// read: from then on the manager cannot become active until the deletion is
// over.
func (m Manager) ClaimDeletion(url, by string, now time.Time) (Manager, bool) {
	if m.URL != url || !m.Deletable(now) {
		return m, false
	}
	m.Deleting, m.Deletion = true, m.Deletion.next(by, now)
	return m, true
}

// EndDeletion gives the claim back: the group is gone, or this deletion was
// refused.
func (m Manager) EndDeletion(by string, gone bool) (Manager, bool) {
	if m.Deletion.By != by {
		return m, false
	}
	m.Deletion, m.Deleting = m.Deletion.refused(false)
	if gone {
		m.Deletion, m.Deleting = DeletionClaim{}, false
		m.URL, m.Size, m.Claim = "", 0, ResizeClaim{}
	}
	return m, true
}

// RevertedUntil is until when a configuration that is taken back finds the
// group of a drained manager as it was.
func (m Manager) RevertedUntil() time.Time { return m.DrainedAt.Add(RevertTime) }

// Deletable reports whether the revision's template may be deleted, as far as its
// record tells.
func (r Revision) Deletable(now time.Time) bool {
	return r.State == Drained && now.Sub(r.DrainedAt) >= RevertTime && !r.Deletion.Held(now)
}

// ClaimDeletion lets a run delete the template of a drained revision, as it
// was read.
func (r Revision) ClaimDeletion(url, by string, now time.Time) (Revision, bool) {
	if r.URL != url || !r.Deletable(now) {
		return r, false
	}
	r.Deleting, r.Deletion = true, r.Deletion.next(by, now)
	return r, true
}

// EndDeletion gives the claim back: the template is gone, or this deletion was
// refused; intact says that it was refused because the template is in use.
func (r Revision) EndDeletion(by string, gone, intact bool) (Revision, bool) {
	if r.Deletion.By != by {
		return r, false
	}
	r.Deletion, r.Deleting = r.Deletion.refused(intact)
	if gone {
		r.Deletion, r.Deleting = DeletionClaim{}, false
		r.URL, r.SnapshotURL = "", ""
	}
	return r, true
}
