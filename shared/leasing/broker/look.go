package broker

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Looks reads leases and machines for display, and changes nothing. It leaves
// out documents that do not decode.
type Looks struct{ Store store.Store }

// CountWaiting counts the waiting requests.
func (l Looks) CountWaiting(ctx context.Context) (int, error) { return count(ctx, l.Store, waiting(0)) }

// CountRunning counts the machines that are leased.
func (l Looks) CountRunning(ctx context.Context) (int, error) { return count(ctx, l.Store, onLease(0)) }

func count(ctx context.Context, s store.Store, query store.Query) (int, error) {
	n, err := s.Count(ctx, query)
	if err != nil {
		return 0, fmt.Errorf("count %s %v: %w", query.Name, query.Where, err)
	}
	return n, nil
}

// Waiting reads waiting requests, the longest waiting first, after the one with
// the given hash.
func (l Looks) Waiting(ctx context.Context, limit int, after string) ([]leasing.Lease, error) {
	query := waiting(limit)
	if after != "" {
		key, err := store.NewKey(leases, after)
		if err != nil {
			return nil, nil //nolint:nilerr // there is no such lease
		}
		last, err := l.Store.Get(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("read lease %s: %w", after, err)
		}
		if _, waits := last[0].Fields[fieldWaitingSince]; !waits {
			return nil, nil
		}
		query.After = &last[0]
	}
	return l.leases(ctx, query)
}

// Running reads the leases of leased machines, after the given machine, in the
// order of the machines' keys; next is the last machine read, "" at the end.
func (l Looks) Running(ctx context.Context, limit int, after string) (found []leasing.Lease, next string, err error) {
	query := onLease(limit)
	if after != "" {
		key, err := store.NewKey(machines, after)
		if err != nil {
			return nil, "", nil //nolint:nilerr // nothing comes after a machine that cannot exist
		}
		query.After = &store.Document{Key: key}
	}
	page, err := store.FindAs[leasing.Machine](ctx, l.Store, query)
	if err != nil {
		return nil, "", fmt.Errorf("find the machines on lease: %w", err)
	}
	var keys []store.Key
	for _, machine := range page.Items {
		if machine.Value.Lease != "" {
			keys = append(keys, LeaseKey(machine.Value.Lease))
		}
	}
	if n := len(page.Items); n > 0 && n+len(page.Corrupt) == limit {
		next = page.Items[n-1].Key().ID()
	}
	read, err := store.GetAs[leasing.Lease](ctx, l.Store, keys...)
	if read == nil {
		return nil, "", fmt.Errorf("read %d leases: %w", len(keys), err)
	}
	return values(read), next, nil
}

// OfHost reads the leases that a hostname has had.
func (l Looks) OfHost(ctx context.Context, hostname string, limit int) ([]leasing.Lease, error) {
	return l.leases(ctx, leasesOfHost(hostname, limit))
}

func (l Looks) leases(ctx context.Context, query store.Query) ([]leasing.Lease, error) {
	page, err := store.FindAs[leasing.Lease](ctx, l.Store, query)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", query.Name, err)
	}
	return values(page.Items), nil
}

func values(items []store.Stored[leasing.Lease]) []leasing.Lease {
	var found []leasing.Lease
	for _, item := range items {
		if item.Exists() && item.Value.State != "" {
			item.Value.Hash = item.Key().ID()
			found = append(found, item.Value)
		}
	}
	return found
}
