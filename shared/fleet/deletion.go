package fleet

import "time"

// Times of deleting.
const (
	// deletionOverdue is how long a deletion may take before it is an error.
	deletionOverdue = 15 * time.Minute
	// TombstoneTime is how long the record of a deleted instance is kept: after
	// it no fetch that saw the VM can still be running.
	TombstoneTime = 20 * time.Minute
	// DrainTime is the least time for which the record of a drained revision or
	// manager is kept: after it no run that read the record as active can still
	// be creating its template or group.
	DrainTime = 15 * time.Minute
	// revertTime is the least time for which the group and the template of a
	// drained record are kept: a configuration change that is reverted within
	// it finds them unchanged.
	revertTime = time.Minute
	// firstRetry and lastRetry bound the back-off between two requests to
	// delete the same VM.
	firstRetry = 15 * time.Second
	lastRetry  = 16 * time.Minute
)

// DeletionDue reports whether to ask Compute Engine (again) to delete the VM:
// at once, then 15 s, 30 s, 1, 2, 4, … minutes after the previous request.
func (i Instance) DeletionDue(now time.Time) bool {
	if i.State != PendingDeletion {
		return false
	}
	if i.DeletionRequested.IsZero() {
		return true
	}
	return !now.Before(i.nextDeletion())
}

// nextDeletion returns when the next request is due: the n-th comes 2ⁿ⁻¹−1
// times firstRetry after the first, with a bound on the step.
func (i Instance) nextDeletion() time.Time {
	at, step := i.DeletionRequested, firstRetry
	for range max(i.DeletionAttempts, 1) {
		at = at.Add(step)
		step = min(2*step, lastRetry)
	}
	return at
}

// DeletionStuck reports whether the deletion takes longer than it may.
func (i Instance) DeletionStuck(now time.Time) bool {
	return i.State == PendingDeletion && !i.DeletionRequested.IsZero() && now.Sub(i.DeletionRequested) >= deletionOverdue
}

// TombstoneOver reports whether the record of a deleted instance can be deleted.
func (i Instance) TombstoneOver(now time.Time) bool {
	return i.State == Deleted && now.Sub(i.DeletedAt) > TombstoneTime
}

// OffersOver reports whether no offer of the machine can still be under way.
func (i Instance) OffersOver(now time.Time) bool {
	return i.CatalogedAt.IsZero() || now.Sub(i.CatalogedAt) >= OfferWindow
}

// CutOff reports whether a machine that is missing in the catalog seems never to
// have got there, because the run that offered it was killed. If so, nobody ever
// leased it.
func (i Instance) CutOff(now time.Time) bool {
	return i.State == Cataloged && !i.OffersOver(now) && now.Sub(i.CatalogedAt) >= offerTime
}
