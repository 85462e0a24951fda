package leasing

import (
	"time"
)

// LeaseState is the state of a request.
type LeaseState string

// The states of a request. A request stays fulfilled when its lease ends;
// EndedAt is set then.
const (
	Pending   LeaseState = "PENDING"
	Fulfilled LeaseState = "FULFILLED"
	Denied    LeaseState = "DENIED"
)

// Ending is the reason why a lease ended, or a request stopped waiting.
type Ending string

// The endings.
const (
	Released  Ending = "released"  // the lessee gave the machine back
	Expired   Ending = "expired"   // its time ran out
	Gone      Ending = "gone"      // the machine no longer exists
	Removed   Ending = "removed"   // an administrator took the machine away; the lessee is "" then
	Cancelled Ending = "cancelled" // the client cancelled the waiting request
	TooLate   Ending = "too late"  // the request waited too long
)

// InstructionState is the state of an instruction. It only moves forward.
type InstructionState string

// The states of an instruction.
const (
	InstructionPending  InstructionState = "PENDING"
	InstructionReceived InstructionState = "RECEIVED"
	InstructionExecuted InstructionState = "EXECUTED"
)

// Notice is a message about a change of a lease.
type Notice string

// The notices. The first two go to the backend, by these names.
const (
	LeasedNotice    Notice = "LEASED"
	ReclaimedNotice Notice = "RECLAIMED"
	LesseeNotice    Notice = "RESPONSE" // to the lessee: the current state
)

// Lease is a request for a machine and, once it is fulfilled, the lease.
type Lease struct {
	// Hash is the id of the lease's document.
	Hash string `firestore:"-"`

	Owner       string      `firestore:"owner"`
	RequestID   string      `firestore:"requestId"`
	Checksum    string      `firestore:"checksum"`
	Dimensions  Dimensions  `firestore:"dimensions"`
	Length      Length      `firestore:"length"`
	Lessee      Destination `firestore:"lessee,omitempty"`
	State       LeaseState  `firestore:"state"`
	RequestedAt time.Time   `firestore:"requestedAt"`

	// The fields of a waiting request: since when it waits, in which line, and
	// the term by which a free machine searches for it.
	WaitingSince time.Time `firestore:"waitingSince,omitempty"`
	WaitingLine  string    `firestore:"waitingLine,omitempty"`
	WaitingTerm  string    `firestore:"waitingTerm,omitempty"`

	// The fields of a fulfilled request: the machine, with everything that
	// messages about it need, because the machine may leave the catalog before
	// they are sent.
	Backend           string      `firestore:"backend,omitempty"`
	Hostname          string      `firestore:"hostname,omitempty"`
	BackendTopic      Destination `firestore:"backendTopic,omitempty"`
	BackendAttributes []Attribute `firestore:"backendAttributes,omitempty"`
	FulfilledAt       time.Time   `firestore:"fulfilledAt,omitempty"`
	ExpiresAt         time.Time   `firestore:"expiresAt,omitempty"` // zero: indefinite
	EndedAt           time.Time   `firestore:"endedAt,omitempty"`
	Ending            Ending      `firestore:"ending,omitempty"`

	Instruction      string           `firestore:"instruction,omitempty"`
	InstructionState InstructionState `firestore:"instructionState,omitempty"`

	// Tell holds the messages to the backend that are due because of the last
	// change. They are sent right after it and are not stored, because the
	// backend can get the same facts from list_changes; only messages that
	// could not be sent move to Unsent.
	Tell []Notice `firestore:"-"`
	// Unsent holds the messages that are not known to have been sent.
	Unsent   []Notice `firestore:"unsent,omitempty"`
	Attempts int64    `firestore:"attempts,omitempty"`
	// DueAt is when the sweep has to deny or end the lease, send a message
	// again or delete the record; absent if the sweep has nothing to do.
	DueAt time.Time `firestore:"dueAt,omitempty"`
	// ExpireAt is set once the lease is over: Firestore's time-to-live deletes
	// the record then if the sweep has not.
	ExpireAt time.Time `firestore:"expireAt,omitempty"`
	// ChangedAt is the time of the last change that is visible to the machine's
	// backend.
	ChangedAt time.Time `firestore:"changedAt,omitempty"`
}

// Active reports whether the lessee may use the machine at a time.
func (l Lease) Active(now time.Time) bool {
	return l.Running() && (l.ExpiresAt.IsZero() || now.Before(l.ExpiresAt))
}

// Running reports whether the lease holds its machine: it is active, or it has
// expired and the machine has not been reclaimed yet.
func (l Lease) Running() bool { return l.State == Fulfilled && l.EndedAt.IsZero() }

// Indefinite reports whether the lease runs until it is released.
func (l Lease) Indefinite() bool { return l.Running() && l.ExpiresAt.IsZero() }

// Instance returns the machine's backend attribute `instance`.
func (l Lease) Instance() string { return instanceOf(l.BackendAttributes) }

// Wants reports whether a machine serves a request that still waits for one.
func (l Lease) Wants(machine Machine, now time.Time) bool {
	return l.FulfilledAt.IsZero() && l.EndedAt.IsZero() && machine.State == Available &&
		machine.Dimensions.Match(l.Dimensions) && (l.Length.Until == nil || l.Length.End(now).After(now))
}

// Due is an action that is due for a lease.
type Due string

// The actions.
const (
	NothingDue Due = ""
	ToDeny     Due = "deny"
	ToEnd      Due = "end"
	ToSend     Due = "send"
	ToForget   Due = "forget"
)
