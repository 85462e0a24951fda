package fleet

import "time"

// OfferWindow is how long an offer to the catalog may be under way: longer than
// any run takes, plus the difference between clocks. If a Machine Provider
// cannot settle an offer, a machine that is not in its catalog may still be
// added within that time.
const OfferWindow = 15 * time.Minute

// offerTime is how long after an offer the run that made it is assumed to be
// still adding the machine to the catalog.
const offerTime = time.Minute

// Each transition returns the instance after the event, and reports whether the
// event applies in its state. An event that does not apply changes nothing, so
// that a late or duplicate event does no harm.

// Offer records that the machine is about to be offered.
func (i Instance) Offer(now time.Time) (Instance, bool) {
	if i.State != Found {
		return i, false
	}
	if i.MaybeOffered() {
		i.OfferNumber = max(i.OfferNumber, 1)
	}
	i.OfferNumber++
	i.State, i.CatalogedAt = Cataloged, now
	return i, true
}

// Decline records that the catalog did not take the machine. If that is not
// certain, the time of the offer stays, as a sign that the catalog may have it.
func (i Instance) Decline(certain bool) (Instance, bool) {
	if i.State != Cataloged {
		return i, false
	}
	i.State = Found
	i.MissingSince = time.Time{} // an absence during this offer proves nothing about the next
	if certain {
		i.CatalogedAt = time.Time{}
	}
	return i, true
}

// SeeLease records a lease as the Machine Provider reports it: with an
// expiration, or indefinite. If the instance is pending deletion, the machine
// was offered or leased while it was being taken out; the lease stands as long
// as Compute Engine has not been asked to delete the VM.
func (i Instance) SeeLease(expiration time.Time, indefinitely bool) (Instance, bool) {
	switch i.State {
	case Found, Cataloged, Leased:
	case PendingDeletion:
		if !i.DeletionRequested.IsZero() {
			return i, false
		}
		i.Reason = ""
	default:
		return i, false
	}
	i.State, i.LeasedIndefinitely, i.MissingSince = Leased, indefinitely, time.Time{}
	i.LeaseExpiration = expiration.UTC().Truncate(time.Microsecond)
	if indefinitely {
		i.LeaseExpiration = time.Time{}
	}
	return i, true
}

// SeeFree records that the catalog has the machine and that nobody leases it.
func (i Instance) SeeFree(now time.Time) (Instance, bool) {
	if !i.Live() {
		return i, false
	}
	if i.CatalogedAt.IsZero() {
		i.CatalogedAt = now
	}
	i.State = Cataloged
	i.clearLease()
	return i, true
}

// SeeMissing records that the catalog does not have the machine, for no known
// reason. The machine is given up only when that is confirmed.
func (i Instance) SeeMissing(now time.Time) (Instance, bool) {
	if (i.State != Cataloged && i.State != Leased) || !i.MissingSince.IsZero() {
		return i, false
	}
	i.MissingSince = now
	return i, true
}

// Reclaim records that the machine is out of the catalog for good, and that
// its VM is to be deleted.
func (i Instance) Reclaim(reason string) (Instance, bool) {
	if !i.Live() {
		return i, false
	}
	i.State, i.Reason = PendingDeletion, reason
	i.clearLease()
	return i, true
}

// AskDeletion records that Compute Engine is asked to delete the VM.
func (i Instance) AskDeletion(now time.Time) (Instance, bool) {
	if i.State != PendingDeletion {
		return i, false
	}
	if i.DeletionRequested.IsZero() {
		i.DeletionRequested = now
	}
	i.DeletionAttempts++
	return i, true
}

// SeeGone records that the VM is gone. The record stays for a while, so that a
// run that saw the VM before does not take it for a new one.
func (i Instance) SeeGone(now time.Time) (Instance, bool) {
	if i.State != PendingDeletion {
		return i, false
	}
	i.State, i.DeletedAt = Deleted, now
	return i, true
}

func (i *Instance) clearLease() {
	i.LeaseExpiration, i.LeasedIndefinitely, i.MissingSince = time.Time{}, false, time.Time{}
}
