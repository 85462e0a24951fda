package fleet

import "time"

// InstanceState is the state of an instance in its life cycle.
type InstanceState string

// The life of an instance:
//
//	found ─▶ cataloged ⇄ leased
//	  └─────────┴──────────┴──▶ pendingDeletion ─▶ deleted
//
// The record becomes cataloged before the machine is offered, so that a job
// that deletes machines knows every machine that may be leasable.
const (
	Found           InstanceState = "found"
	Cataloged       InstanceState = "cataloged"
	Leased          InstanceState = "leased"
	PendingDeletion InstanceState = "pendingDeletion"
	Deleted         InstanceState = "deleted"
)

// Instance is the record of one VM, from when it is first seen until 20 minutes
// after it was seen to be gone.
type Instance struct {
	Hostname string `firestore:"hostname"`
	ID       string `firestore:"id"` // Compute Engine's numeric id
	Project  string `firestore:"project"`
	BaseName string `firestore:"baseName"`
	Revision string `firestore:"revision"`
	Zone     string `firestore:"zone"`
	// Manager is its manager's key in one string, for queries.
	Manager string        `firestore:"manager"`
	URL     string        `firestore:"url"`
	State   InstanceState `firestore:"state"`

	LeaseExpiration    time.Time `firestore:"leaseExpiration,omitempty"`
	LeasedIndefinitely bool      `firestore:"leasedIndefinitely,omitempty"`
	// MissingSince is when the catalog was first seen without the machine for
	// no known reason.
	MissingSince time.Time `firestore:"missingSince,omitempty"`

	FoundAt time.Time `firestore:"foundAt"`
	// CatalogedAt is when the machine was last offered. On a found instance it
	// means that the outcome of the offer is unknown.
	CatalogedAt time.Time `firestore:"catalogedAt,omitempty"`
	// OfferNumber is the number of the last offer, counted from 1. An offered
	// instance with 0 was offered, perhaps twice, by a version that did not
	// number its offers.
	OfferNumber int64 `firestore:"offer,omitempty"`
	// Reason is why the instance is deleted.
	Reason string `firestore:"reason,omitempty"`
	// DeletionRequested is when Compute Engine was first asked to delete it.
	DeletionRequested time.Time `firestore:"deletionRequested,omitempty"`
	DeletionAttempts  int       `firestore:"deletionAttempts,omitempty"`
	DeletedAt         time.Time `firestore:"deletedAt,omitempty"`
}

// NewInstance makes the record of a VM that is seen for the first time.
func NewInstance(manager Manager, hostname, id, url string, now time.Time) Instance {
	return Instance{
		Hostname: hostname, ID: id, URL: url, Project: manager.Project,
		BaseName: manager.BaseName, Revision: manager.Revision, Zone: manager.Zone, Manager: manager.Key().String(),
		State: Found, FoundAt: now,
	}
}

// Key returns the instance's key, which names it in the store, in messages and
// in the catalog.
func (i Instance) Key() string { return InstanceKey(i.Hostname, i.ID) }

// ManagerKey returns the key of the instance's manager.
func (i Instance) ManagerKey() ManagerKey {
	return ManagerKey{BaseName: i.BaseName, Revision: i.Revision, Zone: i.Zone}
}

// Live reports whether the instance still counts as a machine of its pool.
func (i Instance) Live() bool {
	return i.State == Found || i.State == Cataloged || i.State == Leased
}

// MaybeOffered reports whether the catalog may hold the machine. A leased one is
// there, even if no offer of it is on record.
func (i Instance) MaybeOffered() bool { return i.State == Leased || !i.CatalogedAt.IsZero() }

// OutForGood reports whether, according to the record, the catalog has no entry
// of the machine and no offer is under way that could make one.
func (i Instance) OutForGood() bool {
	return i.State == PendingDeletion && (i.OfferNumber > 0 || i.CatalogedAt.IsZero())
}

// LeaseOver reports whether a lease is known to have run out.
func (i Instance) LeaseOver(now time.Time) bool {
	return i.State == Leased && !i.LeasedIndefinitely && !i.LeaseExpiration.After(now)
}
