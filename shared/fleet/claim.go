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

// held reports whether some run may still ask.
func (c DeletionClaim) held(now time.Time) bool {
	return c.By != "" && now.Sub(c.At) < deletionClaimTime
}

// Deletable reports whether the resource may be deleted, as far as its record
// tells: it was drained long enough ago, and no other run is at it.
func (r Resource) Deletable(now time.Time) bool {
	return r.State == Drained && now.Sub(r.DrainedAt) >= revertTime && !r.Deletion.held(now)
}

// ClaimDeletion lets a run delete a drained resource, as it was read: from then
// on the record cannot become active until the deletion is over.
func (r Resource) ClaimDeletion(url, by string, now time.Time) (Resource, bool) {
	if r.URL != url || !r.Deletable(now) {
		return r, false
	}
	r.Deleting, r.Deletion = true, r.Deletion.next(by, now)
	return r, true
}

// EndDeletion gives the claim back: the resource is gone, or this deletion was
// refused; intact says that it was refused because the resource is in use.
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

// RevertedUntil is until when a configuration that is taken back finds a drained
// resource as it was.
func (r Resource) RevertedUntil() time.Time { return r.DrainedAt.Add(revertTime) }

// RecordOver reports whether the record can go, as far as itself is concerned:
// its resource is gone, and nobody can be creating it any more.
func (r Resource) RecordOver(now time.Time) bool {
	return r.State == Drained && r.URL == "" && !r.Deleting && now.Sub(r.DrainedAt) >= DrainTime
}
