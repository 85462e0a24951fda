package fleet

import "time"

// Times of a claim to delete a group or a template.
const (
	// ClaimWork is how long after its claim a run may still request the
	// deletion. It is longer than a call takes, and shorter than the claim is
	// held.
	ClaimWork = 100 * time.Second
	// deletionClaimTime is how long a claim is held. No other run may claim the
	// deletion in that time, so that no request of an earlier run arrives after
	// the claim was given back.
	deletionClaimTime = 3 * time.Minute
)

// DeletionClaim is the right of one run to request a deletion.
type DeletionClaim struct {
	By string    `firestore:"by,omitempty"`
	At time.Time `firestore:"at,omitempty"`
	// Since is when the oldest deletion with an unknown outcome was claimed. It
	// may still be under way, so the refusal of a later one does not end it.
	Since time.Time `firestore:"since,omitempty"`
}

// next returns the claim that follows this one.
func (c DeletionClaim) next(by string, now time.Time) DeletionClaim {
	next := DeletionClaim{By: by, At: now, Since: c.Since}
	if next.Since.IsZero() {
		next.Since = now
	}
	return next
}

// refused returns the claim that is left after a refusal. deleting reports
// whether an older deletion, whose outcome is unknown, may still be under way.
// It no longer is if the resource is intact long after that deletion was claimed.
func (c DeletionClaim) refused(intact bool) (left DeletionClaim, deleting bool) {
	if c.Since.Equal(c.At) || intact && c.At.Sub(c.Since) >= DrainTime {
		return DeletionClaim{}, false
	}
	return DeletionClaim{Since: c.Since}, true
}

// held reports whether the claiming run may still request the deletion.
func (c DeletionClaim) held(now time.Time) bool {
	return c.By != "" && now.Sub(c.At) < deletionClaimTime
}

// Deletable reports whether the record allows the resource's deletion: it was
// drained long enough ago, and no other run holds a claim.
func (r Resource) Deletable(now time.Time) bool {
	return r.State == Drained && now.Sub(r.DrainedAt) >= revertTime && !r.Deletion.held(now)
}

// ClaimDeletion claims the deletion of a drained resource for a run. ok is
// false if the record's URL is no longer the given one, or if the resource is
// not deletable. The record cannot become active until the deletion is over.
func (r Resource) ClaimDeletion(url, by string, now time.Time) (Resource, bool) {
	if r.URL != url || !r.Deletable(now) {
		return r, false
	}
	r.Deleting, r.Deletion = true, r.Deletion.next(by, now)
	return r, true
}

// EndDeletion gives the claim back, because the resource is gone or the
// deletion was refused. intact means that it was refused because the resource
// is in use.
func (r Resource) EndDeletion(by string, gone, intact bool) (Resource, bool) {
	if r.Deletion.By != by {
		return r, false
	}
	r.Deletion, r.Deleting = r.Deletion.refused(intact)
	if gone {
		r.Deletion, r.Deleting, r.URL = DeletionClaim{}, false, ""
	}
	return r, true
}

// RevertedUntil returns the time until which a drained resource is left alone,
// in case the configuration change is reverted.
func (r Resource) RevertedUntil() time.Time { return r.DrainedAt.Add(revertTime) }

// RecordOver reports whether the record can be deleted, unless other records
// depend on it: its resource is gone, and no run can still be creating it.
func (r Resource) RecordOver(now time.Time) bool {
	return r.State == Drained && r.URL == "" && !r.Deleting && now.Sub(r.DrainedAt) >= DrainTime
}
