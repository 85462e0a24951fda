// Package leasing is the Machine Provider's domain: machines, requests, which
// machine serves which request, and how machines and leases change state. It
// does not depend on a store or a wire format; time is an argument.
package leasing

import "time"

// Limits are the times that bound leases and requests.
type Limits struct {
	// MaxLease is the longest lease, apart from indefinite ones.
	MaxLease time.Duration
	// MaxWait is how long a request waits before it is denied.
	MaxWait time.Duration
	// Retention is how long the record of a lease is kept after its end.
	Retention time.Duration
	// Resend is the time after which a message that could not be sent is sent
	// again; it doubles with each attempt, up to MaxResend.
	Resend time.Duration
	// MaxResend bounds the time between two attempts.
	MaxResend time.Duration
}

// DefaultLimits returns the limits of LUCI's Machine Provider, and defaults for
// limits that it does not have.
func DefaultLimits() Limits {
	return Limits{
		MaxLease:  21 * 24 * time.Hour,
		MaxWait:   4 * time.Hour,
		Retention: 7 * 24 * time.Hour,
		Resend:    time.Minute,
		MaxResend: time.Hour,
	}
}

// WithDefaults returns the limits with defaults in place of those that are not
// positive.
func (l Limits) WithDefaults() Limits {
	limits := DefaultLimits()
	set(&limits.MaxLease, l.MaxLease)
	set(&limits.MaxWait, l.MaxWait)
	set(&limits.Retention, l.Retention)
	set(&limits.Resend, l.Resend)
	set(&limits.MaxResend, l.MaxResend)
	return limits
}

func set(limit *time.Duration, value time.Duration) {
	if value > 0 {
		*limit = value
	}
}
