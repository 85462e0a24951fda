package fetchinstances

import (
	"context"
	"maps"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
	"github.com/gce-backend/gce-backend/shared/records/offer"
)

// recordsPerCommit leaves room for the listing in a commit.
const recordsPerCommit = 400

// outcome counts the instances that a fetch marked as pending deletion, and
// those whose VMs it found to be gone.
type outcome struct {
	marked, deleted int
}

// apply records new VMs, takes back the instances of lost ones, and saves the
// listing.
func (f fetcher) apply(ctx context.Context, m fleet.Manager, listing records.Listing, seen look, change fleet.Difference) (done outcome, err error) {
	if !change.Any() {
		return done, nil
	}
	if listing, err = f.record(ctx, m, listing, seen, change); err != nil {
		return done, err
	}
	unfinished, lostErr := change.Lost, error(nil)
	if len(change.Lost) > 0 {
		settings, err := f.settings()
		if lostErr = err; err == nil && !settings.Freeze.Covers(m.BaseName) {
			unfinished, done, lostErr = f.takeBack(ctx, listing, seen, change.Lost)
		}
	}
	if kept := fleet.Keep(listing.VMs, seen.vms, unfinished, seen.complete); !maps.Equal(kept, listing.VMs) {
		_, err = f.Records.Record(ctx, m.Key(), listing, kept, nil)
	}
	return done, job.Joined(lostErr, err)
}

// record creates a record for each new VM, and saves the listing with them. The
// listing keeps the lost VMs, because none of them is taken back yet. An
// existing record, such as a tombstone, stays as it is.
func (f fetcher) record(ctx context.Context, m fleet.Manager, listing records.Listing, seen look, change fleet.Difference) (records.Listing, error) {
	vms := fleet.Keep(listing.VMs, seen.vms, change.Lost, seen.complete)
	for rest := change.New; len(rest) > 0; {
		chunk := rest[:min(len(rest), recordsPerCommit)]
		rest = rest[len(chunk):]
		found := make([]fleet.Instance, len(chunk))
		for i, id := range chunk {
			found[i] = fleet.NewInstance(m, seen.vms[id].Hostname, id, seen.urls[id], f.Now())
		}
		known := maps.Clone(vms)
		maps.DeleteFunc(known, func(id string, _ fleet.Sight) bool { return slices.Contains(rest, id) })
		written, err := f.Records.Record(ctx, m.Key(), listing, known, found)
		if failure.Is(err, failure.Conflict) {
			if found, err = f.unrecorded(ctx, listing, found, err); err == nil {
				written, err = f.Records.Record(ctx, m.Key(), listing, known, found)
			}
		}
		if err != nil {
			return listing, err
		}
		listing = written
		f.Life(job.Created, found...)
	}
	return listing, nil
}

// unrecorded returns the instances without a record. If another fetch wrote the
// listing, it returns the conflict: that fetch listed the group later.
func (f fetcher) unrecorded(ctx context.Context, listing records.Listing, found []fleet.Instance, conflict error) ([]fleet.Instance, error) {
	current, err := f.Records.Current(ctx, listing)
	if err != nil {
		return nil, err
	}
	if !current {
		return nil, conflict
	}
	recorded, err := f.Records.Recorded(ctx, found...)
	return slices.DeleteFunc(found, func(i fleet.Instance) bool { return recorded[i.Key()] }), err
}

// takeBack takes back the instances whose VMs are gone or stopped. It returns
// the ids of the instances that it could not finish.
func (f fetcher) takeBack(ctx context.Context, listing records.Listing, seen look, ids []string) (unfinished []string, done outcome, err error) {
	keys := make([]string, len(ids))
	for i, id := range ids {
		hostname := listing.VMs[id].Hostname
		if sight, there := seen.vms[id]; there {
			hostname = sight.Hostname
		}
		keys[i] = fleet.InstanceKey(hostname, id)
	}
	lost, err := f.Records.Instances(ctx, keys...)
	if err != nil {
		return ids, done, err
	}
	taken, err := f.Offers.Withdraw(ctx, lost, offer.Withdrawal{Reason: "its VM is gone or stopped", Gone: true})
	f.Life(job.DeletionProposed, taken.Withdrawn...)
	for _, leased := range taken.Leased {
		f.Log.Warn("the VM of a leased machine is gone or stopped: "+leased.Hostname+"; its lease ends by itself",
			append(job.ManagerAttrs(leased.ManagerKey()), "event", "LEASED_VM_LOST", "hostname", leased.Hostname, "lease_expiration", leased.LeaseExpiration)...)
	}
	done.marked = len(taken.Withdrawn)
	if done.marked > 0 {
		var readErr error
		if lost, readErr = f.Records.Instances(ctx, keys...); readErr != nil {
			return ids, done, job.Joined(err, readErr)
		}
	}
	deleted, goneErr := f.Records.ChangeInstances(ctx, lost, func(i fleet.Instance) (fleet.Instance, bool) {
		if _, there := seen.vms[i.ID]; there || !seen.complete {
			return i, false
		}
		return i.SeeGone(f.Now())
	})
	f.Life(job.DeletionSucceeded, deleted...)
	done.deleted = len(deleted)
	for _, instance := range lost {
		if instance.Value.Live() {
			unfinished = append(unfinished, instance.Value.ID)
		}
	}
	return unfinished, done, job.Joined(err, goneErr)
}
