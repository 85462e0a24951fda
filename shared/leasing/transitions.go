package leasing

import (
	"slices"
	"time"
)

// NewLease returns the record of a new request.
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

// Wait puts the request into the line for its dimensions.
func (l Lease) Wait(now time.Time, limits Limits) Lease {
	l.State = Pending
	l.WaitingSince, l.WaitingLine, l.WaitingTerm = now, l.Dimensions.Key(), l.Dimensions.Selector()
	return l.Schedule(now, limits)
}

// Give leases a machine to a request that wants it.
func Give(l Lease, m Machine, now time.Time, limits Limits) (Lease, Machine) {
	l = l.leaveLine()
	l.State, l.FulfilledAt, l.ExpiresAt, l.ChangedAt = Fulfilled, now, l.Length.End(now), now
	l.Backend, l.Hostname = m.Backend, m.Hostname
	l.BackendTopic, l.BackendAttributes = m.Policies.Backend, m.Policies.Attributes
	l = l.notify(LeasedNotice, LesseeNotice).Schedule(now, limits)

	m.State, m.Terms = OnLease, nil
	m.Lease, m.LeaseExpiration, m.LeasedIndefinitely = l.Hash, l.ExpiresAt, l.ExpiresAt.IsZero()
	return l, m
}

// End ends a running lease. m is nil if the catalog does not have the machine;
// the returned machine is nil if its document is to be deleted.
func End(l Lease, m *Machine, why Ending, now time.Time, limits Limits) (Lease, *Machine) {
	l.EndedAt, l.Ending, l.ChangedAt = now, why, now
	if why != Expired {
		l.ExpiresAt = now
	}
	l.Tell, l.Unsent, l.Attempts = nil, nil, 0 // their content is out of date
	if why != Gone {
		l = l.notify(ReclaimedNotice)
	}
	l = l.notify(LesseeNotice).Schedule(now, limits)
	switch {
	case m == nil:
		return l, nil
	case why == Gone:
		return l, m.Vacated(now)
	}
	return l, m.reclaimed(now)
}

// Deny ends a waiting request.
func (l Lease) Deny(why Ending, now time.Time, limits Limits) Lease {
	l = l.leaveLine()
	l.State, l.EndedAt, l.Ending = Denied, now, why
	if why != Cancelled { // the client that cancels knows
		l = l.notify(LesseeNotice)
	}
	return l.Schedule(now, limits)
}

// Renew sets another end of an active lease, in both records.
func Renew(l Lease, m Machine, end, now time.Time, limits Limits) (Lease, Machine) {
	l.ExpiresAt, l.ChangedAt = end, now
	m.LeaseExpiration, m.LeasedIndefinitely = end, false
	return l.Schedule(now, limits), m
}

// Instruct sets a new instruction for the machine.
func (l Lease) Instruct(instruction string) Lease {
	l.Instruction, l.InstructionState = instruction, InstructionPending
	return l
}

// Reach moves the instruction to a later state, and never to an earlier one.
func (l Lease) Reach(state InstructionState) Lease {
	order := []InstructionState{InstructionPending, InstructionReceived, InstructionExecuted}
	if l.Instruction != "" && slices.Index(order, state) > slices.Index(order, l.InstructionState) {
		l.InstructionState = state
	}
	return l
}

func (l Lease) leaveLine() Lease {
	l.WaitingSince, l.WaitingLine, l.WaitingTerm = time.Time{}, "", ""
	return l
}

// TakenAway returns the record of a free machine that an administrator took out
// of the catalog: an ended lease of the administrator. Its message informs the
// backend.
func TakenAway(by string, m Machine, now time.Time, limits Limits) Lease {
	id := "taken away: " + m.Backend + ":" + m.Hostname + " " + now.Format(time.RFC3339Nano)
	l := Lease{
		Hash:              Hash("\x00"+by, id), // no client's name begins with a zero byte
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
