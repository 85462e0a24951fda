package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Swept is the result of a sweep.
type Swept struct {
	Ended, Denied, Resent, Forgotten int
	// Fulfilled is the number of waiting requests that got a machine.
	Fulfilled int
	// Waiting is the number of requests that still wait, and OldestWait is how
	// long the first of them has waited.
	Waiting    int
	OldestWait time.Duration
}

// Sweep does everything that is due: it ends expired leases, denies requests
// that waited too long, sends messages that were not sent, gives remaining free
// machines to waiting requests, and deletes the records of leases that ended
// long ago. If nothing is due it makes two queries and writes nothing.
func (b *Broker) Sweep(ctx context.Context) (Swept, error) {
	s := &sweep{broker: b}
	err := errors.Join(s.doDue(ctx), s.serveWaiting(ctx))
	if s.done.Waiting > 0 {
		b.options.Log.Info("lease requests wait for machines",
			"event", "LEASES_WAITING",
			"count", s.done.Waiting,
			"oldest_wait_seconds", int64(s.done.OldestWait/time.Second))
	}
	return s.done, err
}

// NextDue returns when a sweep next has something to do; zero means not before
// something else happens.
func (b *Broker) NextDue(ctx context.Context) (time.Time, error) {
	found, err := find[leasing.Lease](ctx, b, nextDue())
	if err != nil || len(found.items) == 0 {
		return time.Time{}, err
	}
	return found.items[0].Value.DueAt, nil
}

type sweep struct {
	broker *Broker
	done   Swept
}

// doDue processes the leases that are due, page by page. A lease whose
// processing fails stays due for the next sweep and does not hold up the
// others.
func (s *sweep) doDue(ctx context.Context) error {
	now := s.broker.now()
	var errs []error
	for page, err := range pages[leasing.Lease](ctx, s.broker, due(now, lastPage)) {
		errs = append(errs, err, s.doPage(ctx, now, page))
	}
	return errors.Join(errs...)
}

func (s *sweep) doPage(ctx context.Context, now time.Time, page []storedLease) error {
	work := map[leasing.Due][]storedLease{}
	for _, lease := range page {
		what := lease.Value.Due(now)
		work[what] = append(work[what], lease)
	}
	return errors.Join(
		s.end(ctx, work[leasing.ToEnd]),
		s.deny(ctx, work[leasing.ToDeny]),
		s.resend(ctx, work[leasing.ToSend]),
		s.forget(ctx, work[leasing.ToForget]),
		s.reschedule(ctx, work[leasing.NothingDue]),
	)
}

func (s *sweep) end(ctx context.Context, over []storedLease) error {
	ended, err := made("end", s.broker.end(ctx, leasing.Expired, over...))
	s.done.Ended += len(ended)
	return err
}

// deny denies requests that waited too long, unless a machine is free after all.
func (s *sweep) deny(ctx context.Context, late []storedLease) error {
	served := s.serveLines(ctx, late)
	denied, err := made("deny", s.broker.applyTo(ctx, late, func(lease leasing.Lease) leasing.Lease {
		return lease.Deny(leasing.TooLate, s.broker.now(), s.broker.limits())
	}))
	s.done.Denied += len(denied)
	s.broker.send(ctx, denied...)
	return errors.Join(served, err)
}

// resend sends messages that could not be sent before, and doubles the wait
// before each further attempt.
func (s *sweep) resend(ctx context.Context, unsent []storedLease) error {
	if err := s.broker.deliver(ctx, unsent, leasing.Lease.OweStill); err != nil {
		// Topics are given by lessees and backends: one that does not exist must
		// not make the job fail for ever.
		s.broker.options.Log.Warn("messages are tried again later: "+err.Error(), "event", "SENDING_FAILED")
		return nil
	}
	s.done.Resent += len(unsent)
	return nil
}

func (s *sweep) reschedule(ctx context.Context, early []storedLease) error {
	_, err := made("reschedule", s.broker.applyTo(ctx, early, func(lease leasing.Lease) leasing.Lease {
		return lease.Schedule(s.broker.now(), s.broker.limits())
	}))
	return err
}

func (s *sweep) forget(ctx context.Context, old []storedLease) error {
	deletions := make([]change, len(old))
	for i, lease := range old {
		deletions[i] = change{lease: lease}
	}
	forgotten, err := made("delete the record of", s.broker.apply(ctx, deletions...))
	s.done.Forgotten += len(forgotten)
	return err
}

// serveWaiting gives free machines to waiting requests: a process may have died
// after it freed a machine and before it handed the machine out.
func (s *sweep) serveWaiting(ctx context.Context) error {
	var all []storedLease
	for page, err := range pages[leasing.Lease](ctx, s.broker, waiting(lastPage)) {
		if err != nil {
			return err
		}
		all = append(all, page...)
	}
	before := s.done.Fulfilled
	err := s.serveLines(ctx, all)
	s.done.Waiting = max(len(all)-(s.done.Fulfilled-before), 0)
	if s.done.Waiting > 0 {
		s.done.OldestWait = s.broker.now().Sub(all[0].Value.WaitingSince)
	}
	return err
}

// serveLines serves each line in which requests wait once.
func (s *sweep) serveLines(ctx context.Context, waiting []storedLease) error {
	lines := make([]leasing.Dimensions, len(waiting))
	for i, lease := range waiting {
		lines[i] = lease.Value.Dimensions
	}
	served := s.broker.serveLines(ctx, lines)
	s.done.Fulfilled += len(served.given)
	if served.err != nil {
		return fmt.Errorf("serve requests that wait: %w", served.err)
	}
	return nil
}
