package fetchinstances

import (
	"context"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
	"github.com/gce-backend/gce-backend/shared/records/offer"
)

// recordsPerCommit leaves room for the listing in a commit.
const recordsPerCommit = 400

// apply records new VMs, takes lost ones back, and keeps the listing.
func (f fetcher) apply(ctx context.Context, m fleet.Manager, listing records.Listing, now look, difference fleet.Difference, frozen asked) (outcome, error) {
	var whole map[string]fleet.Sight // what to keep, where no loss is to be seen to first
	if len(difference.Lost) == 0 {
		whole = fleet.Settle(listing.VMs, now.vms, nil, now.complete)
	}
	listing, err := f.record(ctx, m, listing, now, difference.New, whole)
	if err != nil {
		return outcome{}, err
	}
	unfinished, done := difference.Lost, outcome{}
	var lostErr error
	if len(difference.Lost) > 0 {
		leave, err := frozen(m.BaseName)
		if lostErr = err; err == nil && !leave {
			unfinished, done, lostErr = f.takeBack(ctx, listing, now, difference.Lost)
		}
	}
	settled := fleet.Settle(listing.VMs, now.vms, unfinished, now.complete)
	if !sameSights(settled, listing.VMs) {
		_, err = f.Records.Record(ctx, m.Key(), listing, settled, nil)
	}
	return done, job.Joined(lostErr, err)
}

// record makes a record of each new VM. A record that is there already, such
// as a tombstone, stays as it is. The last step keeps the whole listing where
// that is known, so that the document is written once.
func (f fetcher) record(ctx context.Context, m fleet.Manager, listing records.Listing, now look, ids []string, whole map[string]fleet.Sight) (records.Listing, error) {
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), recordsPerCommit)]
		ids = ids[len(chunk):]
		vms := map[string]fleet.Sight{}
		for id, sight := range listing.VMs {
			vms[id] = sight
		}
		var found []fleet.Instance
		for _, id := range chunk {
			vms[id] = now.vms[id]
			found = append(found, fleet.NewInstance(m, now.vms[id].Hostname, id, now.urls[id], f.Now()))
		}
		if len(ids) == 0 && whole != nil {
			vms = whole
		}
		written, err := f.Records.Record(ctx, m.Key(), listing, vms, found)
		if failure.Is(err, failure.Conflict) {
			found, err = f.unknown(ctx, listing, found, err)
			if err == nil {
				written, err = f.Records.Record(ctx, m.Key(), listing, vms, found)
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

// unknown keeps the instances without a record. Where the listing itself was
// written by another fetch the conflict stands: that one saw what came later.
func (f fetcher) unknown(ctx context.Context, listing records.Listing, found []fleet.Instance, conflict error) ([]fleet.Instance, error) {
	current, err := f.Records.Current(ctx, listing)
	if err != nil {
		return nil, err
	}
	if !current {
		return nil, conflict
	}
	recorded, err := f.Records.Recorded(ctx, found...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(found), func(i fleet.Instance) bool { return recorded[i.Key()] }), nil
}

// takeBack sees to the instances whose VMs are gone or stopped. It returns the
// ids of those that it is not finished with.
func (f fetcher) takeBack(ctx context.Context, listing records.Listing, now look, ids []string) (unfinished []string, done outcome, err error) {
	if len(ids) == 0 {
		return nil, done, nil
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		hostname := listing.VMs[id].Hostname
		if sight, there := now.vms[id]; there {
			hostname = sight.Hostname
		}
		keys[i] = fleet.InstanceKey(hostname, id)
	}
	known, err := f.Records.Instances(ctx, keys...)
	if err != nil {
		return ids, done, err
	}
	var live, pending []records.Instance
	for _, record := range known {
		switch i := record.Value; {
		case i.Live():
			live = append(live, record)
		case i.State == fleet.PendingDeletion:
			pending = append(pending, record)
		}
	}
	withdrawn, err := f.Offers.Withdraw(ctx, live, offer.Withdrawal{Reason: "its VM is gone or stopped", Gone: true})
	f.Life(job.DeletionProposed, withdrawn.Withdrawn...)
	for _, leased := range withdrawn.Leased {
		f.Log.Warn("the VM of a leased machine is gone or stopped: "+leased.Hostname+"; its lease ends by itself",
			append(job.ManagerAttrs(leased.ManagerKey()), "event", "LEASED_VM_LOST", "hostname", leased.Hostname, "lease_expiration", leased.LeaseExpiration)...)
	}
	deleted, goneErr := f.seeGone(ctx, now, pending, withdrawn.Withdrawn)
	done = outcome{marked: len(withdrawn.Withdrawn), deleted: len(deleted)}
	return stillLive(live, withdrawn.Withdrawn), done, job.Joined(err, goneErr)
}

// seeGone marks the instances deleted whose VMs are not there any more.
func (f fetcher) seeGone(ctx context.Context, now look, pending []records.Instance, withdrawn []fleet.Instance) ([]fleet.Instance, error) {
	if !now.complete {
		return nil, nil
	}
	keys := make([]string, 0, len(withdrawn))
	for _, instance := range withdrawn {
		keys = append(keys, instance.Key())
	}
	fresh, err := f.Records.Instances(ctx, keys...)
	if err != nil {
		return nil, err
	}
	deleted, err := f.Records.ChangeInstances(ctx, append(pending, fresh...), func(i fleet.Instance) (fleet.Instance, bool) {
		if _, there := now.vms[i.ID]; there {
			return i, false
		}
		return i.SeeGone(f.Now())
	})
	f.Life(job.DeletionSucceeded, deleted...)
	return deleted, err
}

// stillLive lists the ids of the live instances that were not withdrawn.
func stillLive(live []records.Instance, withdrawn []fleet.Instance) []string {
	var ids []string
	for _, record := range live {
		if !slices.ContainsFunc(withdrawn, func(i fleet.Instance) bool { return i.Key() == record.Value.Key() }) {
			ids = append(ids, record.Value.ID)
		}
	}
	return ids
}

func sameSights(a, b map[string]fleet.Sight) bool {
	if len(a) != len(b) {
		return false
	}
	for id, sight := range a {
		if other, ok := b[id]; !ok || other != sight {
			return false
		}
	}
	return true
}
