package broker

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Lease gives a client a machine at once, or puts the request in line. The
// same request again answers its present state.
func (b *Broker) Lease(ctx context.Context, owner string, request leasing.Request) (leasing.Lease, error) {
	request, err := request.Check(b.project, b.limits())
	if err != nil {
		return leasing.Lease{}, err
	}
	fresh := leasing.NewLease(owner, request, b.now())
	tooLate := request.Length.CheckAt(fresh.RequestedAt, fresh.RequestedAt, b.limits())
	if _, asked := b.recent.get(LeaseKey(fresh.Hash)); !asked && tooLate == nil {
		// Most requests are new: the commit finds out, without reading first.
		lease, err := b.takeKnown(ctx, fresh)
		if err != nil {
			return leasing.Lease{}, fmt.Errorf("lease a machine: %w", err)
		}
		if lease != nil {
			return same(*lease, fresh)
		}
	}
	known, err := b.lease(ctx, fresh.Hash)
	switch {
	case err != nil:
		return leasing.Lease{}, err
	case known.Exists():
		return same(known.Value, fresh)
	case tooLate != nil:
		return leasing.Lease{}, tooLate
	}
	lease, err := b.takeOrWait(ctx, fresh)
	if err != nil {
		return leasing.Lease{}, err
	}
	return same(lease, fresh)
}

// same answers the known state of a request, unless its content was another.
func same(known, asked leasing.Lease) (leasing.Lease, error) {
	if known.Checksum != asked.Checksum {
		return leasing.Lease{}, leasing.RequestIDReuse
	}
	return known, nil
}

// takeOrWait takes a free machine, or waits.
func (b *Broker) takeOrWait(ctx context.Context, fresh leasing.Lease) (leasing.Lease, error) {
	lease, err := b.take(ctx, fresh)
	if err != nil {
		return leasing.Lease{}, fmt.Errorf("lease a machine: %w", err)
	}
	if lease != nil {
		return *lease, nil
	}
	return b.wait(ctx, fresh)
}

// wait puts a request in line, and then looks for a machine once more: one
// that became free before the request could be seen waiting was given to
// nobody.
func (b *Broker) wait(ctx context.Context, fresh leasing.Lease) (leasing.Lease, error) {
	waiting := fresh.Wait(b.now(), b.limits())
	absent := storedLease{Document: store.Document{Key: LeaseKey(fresh.Hash)}}
	result, err := b.applyOne(ctx, change{lease: absent, next: &waiting})
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
	given, err := b.serveSoon(ctx, fresh.Dimensions)
	if err != nil { // the request is kept: the sweep serves it
		b.log.Warn("a request waits on: "+err.Error(), "event", "HANDING_FAILED", "request_hash", fresh.Hash)
	}
	if lease, ok := given[result.lease.Key()]; ok {
		lease.Hash = fresh.Hash
		return lease, nil
	}
	return waiting, nil
}
