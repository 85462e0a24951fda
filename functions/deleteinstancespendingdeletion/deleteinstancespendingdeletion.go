// Package deleteinstancespendingdeletion is the job
// delete-instances-pending-deletion: it deletes the VMs of instances pending
// deletion, one call per group, and asks again, with back-off, until each VM is
// seen to be gone.
//
// Triggered by instances-marked and each minute; announces instances-deleted
// once VMs are confirmed gone.
package deleteinstancespendingdeletion

import (
	"context"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// resizeChecks is the number of times that a run checks, a second apart,
// whether a resize is over.
const resizeChecks = 20

// Job is delete-instances-pending-deletion.
var Job = job.Job{Name: "delete-instances-pending-deletion", New: job.Stateless(sweep)}

// deleter is one run of the job.
type deleter struct{ job.Run }

func sweep(ctx context.Context, run job.Run) error {
	return run.SpreadWaiting(ctx, fleet.PendingDeletion, func(ctx context.Context, key fleet.ManagerKey, pending []records.Instance) error {
		if err := (deleter{run}).group(ctx, key, pending); err != nil {
			return fmt.Errorf("delete VMs of %s: %w", key, err)
		}
		return nil
	})
}

// group deletes the VMs of one group. It asks Compute Engine first which VMs
// exist: an instance whose VM is gone is marked deleted, a VM that is being
// deleted is left alone unless that takes too long, and a VM that only has the
// same name is never touched.
func (r deleter) group(ctx context.Context, key fleet.ManagerKey, pending []records.Instance) error {
	ref := compute.GroupRef{Project: pending[0].Value.Project, Zone: key.Zone, Name: fleet.TemplateName(key.BaseName, key.Revision)}
	vms, err := r.VMs(ctx, ref)
	if err != nil {
		return err // an incomplete listing proves nothing
	}
	there := map[string]compute.VM{}
	for _, vm := range vms {
		there[fleet.InstanceKey(vm.Name, vm.ID)] = vm
	}
	var gone, due []records.Instance
	now := r.Now()
	for _, item := range pending {
		vm, ok := there[item.Value.Key()]
		if item.Value.DeletionStuck(now) && ok {
			r.stuck(item.Value, vm)
		}
		switch {
		case !ok:
			gone = append(gone, item)
		case item.Value.DeletionDue(now) && (vm.Action != "DELETING" || item.Value.DeletionStuck(now)):
			due = append(due, item)
		}
	}
	errs := []error{r.confirm(ctx, key, gone)}
	if len(due) > 0 {
		err := r.awaitResize(ctx, key)
		if err == nil {
			err = r.request(ctx, ref, due)
		}
		errs = append(errs, err)
	}
	return job.Joined(errs...)
}

// awaitResize waits for the end of a resize of the group that is under way.
// The new target size was computed before these deletions, and each of them
// lowers the target size. A resize that begins later takes them into account.
func (r deleter) awaitResize(ctx context.Context, key fleet.ManagerKey) error {
	for range resizeChecks {
		manager, err := r.Records.Manager(ctx, key)
		if err != nil || manager == nil || !manager.Value.Claim.Open(r.Now()) {
			return err
		}
		if err := r.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	return failure.New(failure.Transient, "a resize of the group is under way; its VMs are deleted after it")
}

// request asks Compute Engine to delete VMs, after asking the catalog a last
// time. It records the request first, so that only one of several concurrent
// runs asks for each VM.
func (r deleter) request(ctx context.Context, ref compute.GroupRef, due []records.Instance) error {
	clear, clearErr := r.Offers.Clear(ctx, due)
	now := r.Now()
	asked, err := r.Records.ChangeInstances(ctx, clear, func(i fleet.Instance) (fleet.Instance, bool) {
		if !i.DeletionDue(now) {
			return i, false
		}
		return i.AskDeletion(now)
	})
	errs := []error{clearErr, err}
	for len(asked) > 0 {
		batch := asked[:min(len(asked), compute.MaxDeletions)]
		asked = asked[len(batch):]
		urls := make([]string, len(batch))
		parts := []string{"delete VMs"}
		for i, instance := range batch {
			urls[i] = instance.URL
			parts = append(parts, instance.Key(), fmt.Sprint(instance.DeletionAttempts))
		}
		if err := r.Compute.DeleteVMs(ctx, ref, urls, fleet.RequestID(parts...)); err != nil {
			errs = append(errs, fmt.Errorf("ask for the deletion of %d VMs, again after a while: %w", len(batch), err))
			continue
		}
		r.Life(job.DeletionScheduled, batch...)
	}
	return job.Joined(errs...)
}

// confirm marks instances whose VMs are gone as deleted.
func (r deleter) confirm(ctx context.Context, key fleet.ManagerKey, gone []records.Instance) error {
	deleted, err := r.Records.ChangeInstances(ctx, gone, func(i fleet.Instance) (fleet.Instance, bool) { return i.SeeGone(r.Now()) })
	r.Life(job.DeletionSucceeded, deleted...)
	if len(deleted) > 0 {
		err = job.Joined(err, r.Announce(ctx, "instances-deleted", job.ManagerScope(key)))
	}
	return err
}

func (r deleter) stuck(i fleet.Instance, vm compute.VM) {
	r.Log.Error(fmt.Sprintf("VM %s is not deleted %s after it was first asked for (%d times so far); Compute Engine says it is %s, %s: see its operations in the console",
		i.Hostname, r.Now().Sub(i.DeletionRequested).Round(1e9), i.DeletionAttempts, vm.Status, vm.Action),
		append(job.ManagerAttrs(i.ManagerKey()), "event", "DELETION_STUCK", "hostname", i.Hostname, "project", i.Project,
			"next", "Compute Engine is asked again, after 16 minutes at most")...)
}
