package leasing

import (
	"slices"
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

// NewLease is the record of a request that nothing was done about yet.
func NewLease(owner string, request Request, now time.Time) Lease {
	lease := Lease{
		Hash:        Hash(owner, request.ID),
		Owner:       owner,
		RequestID:   request.ID,
		Checksum:    request.Checksum(),
		Dimensions:  request.Dimensions,
		Length:      request.Length,
		Lessee:      request.Lessee,
		Instruction: request.Instruction,
		RequestedAt: now,
	}
	if lease.Instruction != "" {
		lease.InstructionState = InstructionPending
	}
	return lease
}

// Active tells whether the lease gives a right to its machine at a time.
func (l Lease) Active(now time.Time) bool {
	return l.Running() && (l.ExpiresAt.IsZero() || now.Before(l.ExpiresAt))
}

// Running tells whether the lease has its machine: it is active, or its time
// is over and its machine has not been reclaimed yet.
func (l Lease) Running() bool { return l.State == Fulfilled && l.EndedAt.IsZero() }

// Indefinite tells whether the lease runs until it is released.
func (l Lease) Indefinite() bool { return l.Running() && l.ExpiresAt.IsZero() }

// Instance is the machine's backend attribute `instance`.
func (l Lease) Instance() string { return instanceOf(l.BackendAttributes) }

// Wait puts the request in the line of its dimensions.
func (l Lease) Wait(now time.Time, limits Limits) Lease {
	l.State = Pending
	l.WaitingSince, l.WaitingLine, l.WaitingTerm = now, l.Dimensions.Key(), l.Dimensions.Selector()
	return l.schedule(now, limits)
}

// Wants tells whether a request that is not fulfilled can be given a machine.
func (l Lease) Wants(machine Machine, now time.Time) bool {
	return l.FulfilledAt.IsZero() && l.EndedAt.IsZero() && machine.State == Available &&
		machine.Dimensions.Match(l.Dimensions) && (l.Length.Until == nil || l.Length.End(now).After(now))
}

// Give leases a machine to a request that wants it.
func Give(l Lease, m Machine, now time.Time, limits Limits) (Lease, Machine) {
	l = l.leaveLine()
	l.State, l.FulfilledAt, l.ExpiresAt, l.ChangedAt = Fulfilled, now, l.Length.End(now), now
	l.Backend, l.Hostname = m.Backend, m.Hostname
	l.BackendTopic, l.BackendAttributes = m.Policies.Backend, m.Policies.Attributes
	l = l.notify(LeasedNotice, LesseeNotice).schedule(now, limits)

	m.State, m.Offers = OnLease, nil
	m.Lease, m.LeaseExpiration, m.LeasedIndefinitely = l.Hash, l.ExpiresAt, l.ExpiresAt.IsZero()
	return l, m
}

// End ends a running lease. The machine is nil where the catalog has none;
// the answer is what is left of it there, nil: nothing.
func End(l Lease, m *Machine, why Ending, now time.Time, limits Limits) (Lease, *Machine) {
	l.EndedAt, l.Ending, l.ChangedAt = now, why, now
	if why != Expired {
		l.ExpiresAt = now
	}
	l.Unsent, l.Attempts = nil, 0 // what a message would have said is past
	if why == Gone {
		return l.notify(LesseeNotice).schedule(now, limits), nil
	}
	l = l.notify(ReclaimedNotice, LesseeNotice).schedule(now, limits)
	if m == nil {
		return l, nil
	}
	return l, m.reclaimed()
}

// Deny ends the waiting of a request without a machine.
func (l Lease) Deny(why Ending, now time.Time, limits Limits) Lease {
	l = l.leaveLine()
	l.State, l.EndedAt, l.Ending = Denied, now, why
	if why != Cancelled { // whoever cancels knows
		l = l.notify(LesseeNotice)
	}
	return l.schedule(now, limits)
}

// Renew gives an active lease another end, on both sides.
func Renew(l Lease, m Machine, end, now time.Time, limits Limits) (Lease, Machine) {
	l.ExpiresAt, l.ChangedAt = end, now
	m.LeaseExpiration, m.LeasedIndefinitely = end, false
	return l.schedule(now, limits), m
}

// Instruct tells the machine something new.
func (l Lease) Instruct(instruction string) Lease {
	l.Instruction, l.InstructionState = instruction, InstructionPending
	return l
}

// Reach moves the instruction forward; never backwards.
func (l Lease) Reach(state InstructionState) Lease {
	order := []InstructionState{InstructionPending, InstructionReceived, InstructionExecuted}
	if l.Instruction != "" && slices.Index(order, state) > slices.Index(order, l.InstructionState) {
		l.InstructionState = state
	}
	return l
}

// Sent notes that all messages were sent.
func (l Lease) Sent(now time.Time, limits Limits) Lease {
	l.Unsent, l.Attempts = nil, 0
	return l.schedule(now, limits)
}

// Failed notes that messages could not be sent.
func (l Lease) Failed(now time.Time, limits Limits) Lease {
	l.Attempts++
	return l.schedule(now, limits)
}

func (l Lease) leaveLine() Lease {
	l.WaitingSince, l.WaitingLine, l.WaitingTerm = time.Time{}, "", ""
	return l
}

// notify adds the messages that have somewhere to go.
func (l Lease) notify(notices ...Notice) Lease {
	l.Unsent = slices.Clone(l.Unsent)
	for _, notice := range notices {
		to := l.BackendTopic
		if notice == LesseeNotice {
			to = l.Lessee
		}
		if to.Topic != "" && !slices.Contains(l.Unsent, notice) {
			l.Unsent = append(l.Unsent, notice)
		}
	}
	return l
}

// schedule decides when the lease is to be looked at again.
func (l Lease) schedule(now time.Time, limits Limits) Lease {
	switch {
	case l.State == Pending:
		l.DueAt = l.WaitingSince.Add(limits.MaxWait)
		if end := l.Length.End(now); l.Length.Until != nil && end.Before(l.DueAt) {
			l.DueAt = end
		}
	case !l.EndedAt.IsZero():
		l.ExpireAt = l.EndedAt.Add(limits.Retention)
		l.DueAt = l.ExpireAt
	default:
		l.DueAt = l.ExpiresAt
	}
	if len(l.Unsent) == 0 {
		return l
	}
	again := now.Add(min(limits.Resend<<min(l.Attempts, 20), limits.MaxResend))
	if l.DueAt.IsZero() || again.Before(l.DueAt) {
		l.DueAt = again
	}
	return l
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

// Due says what is to be done about the lease now.
func (l Lease) Due(now time.Time) Due {
	switch {
	case l.DueAt.IsZero() || l.DueAt.After(now):
		return NothingDue
	case l.State == Pending:
		return ToDeny
	case l.Running() && !l.Active(now):
		return ToEnd
	case !l.EndedAt.IsZero() && !l.ExpireAt.After(now):
		return ToForget
	case len(l.Unsent) > 0:
		return ToSend
	}
	return NothingDue
}

// TakenAway is the record of a free machine that an administrator took out of
// the catalog, as if a lease of theirs had ended: its backend learns of it in
// the same way.
func TakenAway(by string, m Machine, now time.Time, limits Limits) Lease {
	id := "taken away: " + m.Backend + ":" + m.Hostname + " " + now.Format(time.RFC3339Nano)
	l := Lease{
		Hash:              Hash("\x00"+by, id), // no client's name begins so
		Owner:             by,
		RequestID:         id,
		State:             Fulfilled,
		RequestedAt:       now,
		FulfilledAt:       now,
		Backend:           m.Backend,
		Hostname:          m.Hostname,
		BackendTopic:      m.Policies.Backend,
		BackendAttributes: m.Policies.Attributes,
	}
	l, _ = End(l, nil, Removed, now, limits)
	return l
}

// Reschedule decides anew when the lease is to be looked at again.
func (l Lease) Reschedule(now time.Time, limits Limits) Lease { return l.schedule(now, limits) }
