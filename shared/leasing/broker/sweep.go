package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Swept is what a sweep did.
type Swept struct {
	Ended, Denied, Resent, Forgotten int
	// Fulfilled is how many waiting requests got a machine that was left over.
	Fulfilled int
	// Waiting is how many requests wait on, and OldestWait how long the first
	// of them has.
	Waiting    int
	OldestWait time.Duration
}

// Sweep does what is due: it ends leases whose time is over, denies requests
// that waited too long, sends messages that were not sent, gives machines that
// are left over to requests that wait, and deletes the records of leases that
// ended long ago. With nothing to do it makes two queries and writes nothing.
func (b *Broker) Sweep(ctx context.Context) (Swept, error) {
	s := &sweep{broker: b}
	err := s.doDue(ctx)
	if waiting := s.serveWaiting(ctx); waiting != nil {
		err = errors.Join(err, waiting)
	}
	if s.done.Waiting > 0 {
		b.log.Info("lease requests wait for machines",
			"event", "LEASES_WAITING",
			"count", s.done.Waiting,
			"oldest_wait_seconds", int64(s.done.OldestWait/time.Second))
	}
	return s.done, err
}

// NextDue is when a sweep next has something to do; zero: not before something
// else happens.
func (b *Broker) NextDue(ctx context.Context) (time.Time, error) {
	found, err := b.findLeases(ctx, nextDue())
	if err != nil || len(found.items) == 0 {
		return time.Time{}, err
	}
	return found.items[0].Value.DueAt, nil
}

type sweep struct {
	broker *Broker
	done   Swept
}

// doDue goes through what is due, page by page. What could not be done stays
// due for the next sweep and does not hold up the others.
func (s *sweep) doDue(ctx context.Context) error {
	now := s.broker.now()
	var errs []error
	var after *store.Document
	for {
		page, err := s.broker.findLeases(ctx, due(now, duePage, after))
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, s.doPage(ctx, now, page.items))
		if after = page.last; after == nil {
			return errors.Join(errs...)
		}
	}
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
	if len(over) == 0 {
		return nil
	}
	var errs []error
	for i, err := range s.broker.end(ctx, leasing.Expired, over...) {
		switch {
		case err == nil:
			s.done.Ended++
		case !failure.Is(err, failure.Conflict): // someone else ended or renewed it
			errs = append(errs, fmt.Errorf("end lease %s: %w", over[i].Value.Hash, err))
		}
	}
	return errors.Join(errs...)
}

// deny denies what waited too long, unless a machine is there after all.
func (s *sweep) deny(ctx context.Context, late []storedLease) error {
	if len(late) == 0 {
		return nil
	}
	errs := []error{s.serveLines(ctx, late)}
	steps := make([]change, len(late))
	for i, lease := range late {
		denied := lease.Value.Deny(leasing.TooLate, s.broker.now(), s.broker.limits())
		steps[i] = change{lease: lease, next: &denied}
	}
	var denied []storedLease
	for i, result := range s.broker.apply(ctx, steps...) {
		switch {
		case result.err == nil:
			denied = append(denied, result.lease)
		case !failure.Is(result.err, failure.Conflict): // it was served or cancelled
			errs = append(errs, fmt.Errorf("deny lease %s: %w", late[i].Value.Hash, result.err))
		}
	}
	s.done.Denied += len(denied)
	s.broker.send(ctx, denied...)
	return errors.Join(errs...)
}

func (s *sweep) resend(ctx context.Context, unsent []storedLease) error {
	if len(unsent) == 0 {
		return nil
	}
	err := s.broker.resend(ctx, unsent)
	if err == nil {
		s.done.Resent += len(unsent)
		return nil
	}
	// Topics are given by lessees and backends: one that does not exist must
	// not make the job fail for ever.
	s.broker.log.Warn("messages are tried again later: "+err.Error(), "event", "SENDING_FAILED")
	return nil
}

func (s *sweep) reschedule(ctx context.Context, early []storedLease) error {
	changes := make([]change, len(early))
	for i, lease := range early {
		next := lease.Value.Reschedule(s.broker.now(), s.broker.limits())
		changes[i] = change{lease: lease, next: &next}
	}
	return s.broker.note(ctx, changes)
}

func (s *sweep) forget(ctx context.Context, old []storedLease) error {
	groups := make([][]store.Write, len(old))
	for i, lease := range old {
		groups[i] = []store.Write{store.Remove(lease.Document)}
	}
	var errs []error
	for i, out := range s.broker.commitGroups(ctx, groups) {
		switch {
		case out.err == nil:
			s.done.Forgotten++
		case !failure.Is(out.err, failure.Conflict):
			errs = append(errs, fmt.Errorf("delete the record of lease %s: %w", old[i].Value.Hash, out.err))
		}
	}
	return errors.Join(errs...)
}

// serveWaiting gives machines that are left over to the requests that wait:
// where a process died between freeing a machine and handing it on.
func (s *sweep) serveWaiting(ctx context.Context) error {
	var all []storedLease
	var after *store.Document
	for {
		page, err := s.broker.findLeases(ctx, waiting(waitingPage, after))
		if err != nil {
			return err
		}
		all = append(all, page.items...)
		if after = page.last; after == nil {
			break
		}
	}
	if len(all) == 0 {
		return nil
	}
	before := s.done.Fulfilled
	err := s.serveLines(ctx, all)
	s.done.Waiting = max(len(all)-(s.done.Fulfilled-before), 0)
	if s.done.Waiting > 0 {
		s.done.OldestWait = s.broker.now().Sub(all[0].Value.WaitingSince)
	}
	return err
}

// serveLines serves the lines that requests wait in, each once.
func (s *sweep) serveLines(ctx context.Context, items []storedLease) error {
	var errs []error
	seen := map[string]bool{}
	for _, item := range items {
		if seen[item.Value.WaitingLine] {
			continue
		}
		seen[item.Value.WaitingLine] = true
		given, err := s.broker.serve(ctx, item.Value.Dimensions)
		s.broker.send(ctx, given...)
		s.done.Fulfilled += len(given)
		if err != nil {
			errs = append(errs, fmt.Errorf("serve requests that wait: %w", err))
		}
	}
	return errors.Join(errs...)
}
