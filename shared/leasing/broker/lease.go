package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Lease gives a client a machine at once, or puts the request in line. A
// repeated request returns its current state.
func (b *Broker) Lease(ctx context.Context, owner string, request leasing.Request) (leasing.Lease, error) {
	request, err := request.Check(b.options.Project, b.limits())
	if err != nil {
		return leasing.Lease{}, err
	}
	fresh := leasing.NewLease(owner, request, b.now())
	lease, err := b.leaseOrWait(ctx, fresh)
	if err == nil && lease.Checksum != fresh.Checksum {
		return leasing.Lease{}, leasing.RequestIDReuse
	}
	return lease, err
}

// leaseOrWait returns a request's lease, which may come from an earlier request
// with the same id.
func (b *Broker) leaseOrWait(ctx context.Context, fresh leasing.Lease) (leasing.Lease, error) {
	tooLate := fresh.Length.CheckAt(fresh.RequestedAt, fresh.RequestedAt, b.limits())
	if _, asked := b.recent.get(LeaseKey(fresh.Hash)); !asked && tooLate == nil {
		// Most requests are new, so nothing is read first: the commit fails if
		// the request has a lease already.
		if lease, ok, err := b.take(ctx, fresh, b.remembered); ok || err != nil {
			return lease, err
		}
	}
	known, err := b.lease(ctx, fresh.Hash)
	switch {
	case err != nil, known.Exists():
		return known.Value, err
	case tooLate != nil:
		return leasing.Lease{}, tooLate
	}
	if lease, ok, err := b.take(ctx, fresh, b.findOne); ok || err != nil {
		return lease, err
	}
	return b.wait(ctx, fresh)
}

// wait puts a request in line, and then looks for a machine once more. A
// machine may have become free just before the request stood in line; then
// nobody gave it to the request.
func (b *Broker) wait(ctx context.Context, fresh leasing.Lease) (leasing.Lease, error) {
	waiting := fresh.Wait(b.now(), b.limits())
	_, err := b.applyOne(ctx, change{lease: absent[leasing.Lease](LeaseKey(fresh.Hash)), next: &waiting})
	if failure.Is(err, failure.Conflict) {
		known, err := b.lease(ctx, fresh.Hash)
		if err == nil && !known.Exists() {
			err = failure.New(failure.Transient, "lease %s appeared and vanished", fresh.Hash)
		}
		return known.Value, err
	}
	if err != nil {
		return leasing.Lease{}, fmt.Errorf("wait for a machine: %w", err)
	}
	served, err := b.rounds.Do(ctx, fresh.Dimensions)
	if err := errors.Join(err, served.err); err != nil { // the request is stored, and the sweep serves it
		b.options.Log.Warn("a request waits on: "+err.Error(), "event", "HANDING_FAILED", "request_hash", fresh.Hash)
	}
	for _, lease := range served.given {
		if lease.Value.Hash == fresh.Hash {
			return lease.Value, nil
		}
	}
	return waiting, nil
}
