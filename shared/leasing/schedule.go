package leasing

import (
	"slices"
	"time"
)

// Sent records that all messages were sent.
func (l Lease) Sent(now time.Time, limits Limits) Lease {
	l.Unsent, l.Attempts = nil, 0
	return l.schedule(now, limits)
}

// Failed records that messages could not be sent.
func (l Lease) Failed(now time.Time, limits Limits) Lease {
	l.Attempts++
	return l.schedule(now, limits)
}

// notify adds those messages that have a destination.
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

// schedule sets DueAt and ExpireAt.
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

// Due returns the action that is due now.
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

// Reschedule sets DueAt and ExpireAt anew, for other limits.
func (l Lease) Reschedule(now time.Time, limits Limits) Lease { return l.schedule(now, limits) }
