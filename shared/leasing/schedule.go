package leasing

import (
	"slices"
	"time"
)

// Owe records which messages could not be sent at the first attempt.
func (l Lease) Owe(unsent []Notice, now time.Time, limits Limits) Lease {
	l.Tell, l.Unsent = nil, unsent
	if len(unsent) == 0 {
		l.Attempts = 0
	}
	return l.Schedule(now, limits)
}

// OweStill records which messages could not be sent at a further attempt; the
// next attempt comes later.
func (l Lease) OweStill(unsent []Notice, now time.Time, limits Limits) Lease {
	l.Attempts++
	return l.Owe(unsent, now, limits)
}

// notify adds those messages that have a destination. Only a backend that sets
// InstanceAttribute, such as this suite, reads list_changes: messages to other
// backends and to lessees are stored until they are sent.
func (l Lease) notify(notices ...Notice) Lease {
	l.Tell, l.Unsent = slices.Clone(l.Tell), slices.Clone(l.Unsent)
	for _, notice := range notices {
		to, list := l.BackendTopic, &l.Unsent
		if notice == LesseeNotice {
			to = l.Lessee
		} else if l.Instance() != "" {
			list = &l.Tell
		}
		if to.Topic != "" && !slices.Contains(*list, notice) {
			*list = append(*list, notice)
		}
	}
	return l
}

// Schedule sets DueAt and ExpireAt.
func (l Lease) Schedule(now time.Time, limits Limits) Lease {
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
