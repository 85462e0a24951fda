package leasing

import (
	"time"
)

// LeaseState is how far a request is.
type LeaseState string

// The states of a request. A fulfilled one stays fulfilled when its lease
// ends; EndedAt says that it has.
const (
	Pending   LeaseState = "PENDING"
	Fulfilled LeaseState = "FULFILLED"
	Denied    LeaseState = "DENIED"
)

// Ending is why a lease, or a request that waited, is over.
type Ending string

// The endings.
const (
	Released  Ending = "released"  // the lessee gave the machine back
	Expired   Ending = "expired"   // its time was over
	Gone      Ending = "gone"      // the machine exists no more
	Removed   Ending = "removed"   // an administrator took the machine away; the lessee is "" then
	Cancelled Ending = "cancelled" // the client did not want to wait any more
	TooLate   Ending = "too late"  // it waited too long
)

// InstructionState is how far an instruction is. It only goes forward.
type InstructionState string

// The states of an instruction.
const (
	InstructionPending  InstructionState = "PENDING"
	InstructionReceived InstructionState = "RECEIVED"
	InstructionExecuted InstructionState = "EXECUTED"
)

// Notice is a message that a change of a lease makes necessary.
type Notice string

// The notices. The first two go to the backend, by these names.
const (
	LeasedNotice    Notice = "LEASED"
	ReclaimedNotice Notice = "RECLAIMED"
	LesseeNotice    Notice = "RESPONSE" // to the lessee: the present state
)

// Lease is a request for a machine and what came of it.
type Lease struct {
	// Hash is the id of its document.
	Hash string `firestore:"-"`

	Owner       string      `firestore:"owner"`
	RequestID   string      `firestore:"requestId"`
	Checksum    string      `firestore:"checksum"`
	Dimensions  Dimensions  `firestore:"dimensions"`
	Length      Length      `firestore:"length"`
	Lessee      Destination `firestore:"lessee,omitempty"`
	State       LeaseState  `firestore:"state"`
	RequestedAt time.Time   `firestore:"requestedAt"`

	// While it waits: since when, in which line, and by which term a machine
	// finds it.
	WaitingSince time.Time `firestore:"waitingSince,omitempty"`
	WaitingLine  string    `firestore:"waitingLine,omitempty"`
	WaitingTerm  string    `firestore:"waitingTerm,omitempty"`

	// Once it is fulfilled: the machine, and what messages about it need, for
	// the machine may leave the catalog before they are sent.
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

	// Tell holds the messages to the backend that the last change makes necessary.
	// They are sent right after it and not stored, for the backend can read the
	// same by list_changes; only what could not be sent goes to Unsent.
	Tell []Notice `firestore:"-"`
	// Unsent holds the messages that are not known to be sent.
	Unsent   []Notice `firestore:"unsent,omitempty"`
	Attempts int64    `firestore:"attempts,omitempty"`
	// DueAt is when something is to be done about it by itself: to deny it, end
	// it, send a message again or delete the record. Absent: nothing.
	DueAt time.Time `firestore:"dueAt,omitempty"`
	// ExpireAt is set once it is over: the store may delete the record then by
	// itself, where the sweep does not.
	ExpireAt time.Time `firestore:"expireAt,omitempty"`
	// ChangedAt is when it last changed what its machine's backend sees.
	ChangedAt time.Time `firestore:"changedAt,omitempty"`
}

// Active reports whether the lease gives a right to its machine at a time.
func (l Lease) Active(now time.Time) bool {
	return l.Running() && (l.ExpiresAt.IsZero() || now.Before(l.ExpiresAt))
}

// Running reports whether the lease has its machine: it is active, or its time
// is over and its machine has not been reclaimed yet.
func (l Lease) Running() bool { return l.State == Fulfilled && l.EndedAt.IsZero() }

// Indefinite reports whether the lease runs until it is released.
func (l Lease) Indefinite() bool { return l.Running() && l.ExpiresAt.IsZero() }

// Instance is the machine's backend attribute `instance`.
func (l Lease) Instance() string { return instanceOf(l.BackendAttributes) }

// Wants reports whether a request that is not fulfilled can be given a machine.
func (l Lease) Wants(machine Machine, now time.Time) bool {
	return l.FulfilledAt.IsZero() && l.EndedAt.IsZero() && machine.State == Available &&
		machine.Dimensions.Match(l.Dimensions) && (l.Length.Until == nil || l.Length.End(now).After(now))
}

// Due is what is to be done about a lease.
type Due string

// What may be due.
const (
	NothingDue Due = ""
	ToDeny     Due = "deny"
	ToEnd      Due = "end"
	ToSend     Due = "send"
	ToForget   Due = "forget"
)
