// Package cataloginstances is the job catalog-instances: it offers the running
// instances of active managers through the Machine Provider's catalog.
//
// Triggered by instances-fetched and each minute; announces
// instances-cataloged.
package cataloginstances

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/dimension"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/config/machinetype"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is catalog-instances.
var Job = job.Job{Name: "catalog-instances", New: job.Stateless(sweep)}

func sweep(ctx context.Context, run job.Run) error {
	return run.SpreadWaiting(ctx, fleet.Found, func(ctx context.Context, key fleet.ManagerKey, found []records.Instance) error {
		if err := catalogGroup(ctx, run, key, found); err != nil {
			return fmt.Errorf("catalog the instances of %s: %w", key, err)
		}
		return nil
	})
}

// catalogGroup offers the instances of one active manager whose VMs are running.
func catalogGroup(ctx context.Context, run job.Run, key fleet.ManagerKey, found []records.Instance) error {
	manager, err := run.Records.Manager(ctx, key)
	if err != nil || manager == nil || manager.Value.State != fleet.Active {
		return err // remove-cataloged-instances handles a drained manager
	}
	revision, err := run.Records.Revision(ctx, key.BaseName, key.Revision)
	if err != nil || revision == nil || revision.Value.State != fleet.Active {
		return err
	}
	running, err := runningNow(ctx, run, key, found)
	if err != nil || len(running) == 0 {
		return err
	}
	entry, err := entries(revision.Value, run.Project)
	if err != nil {
		return err
	}
	offered, err := run.Offers.Offer(ctx, running, entry)
	run.Life(job.CatalogedEvent, offered...)
	if len(offered) == 0 {
		return err
	}
	return job.Joined(err, run.Announce(ctx, "instances-cataloged", job.ManagerScope(key)))
}

// runningNow returns the instances whose VMs were running when fetch-instances
// last listed the group. Asking Compute Engine again would cost a call per
// message and prove nothing: a VM may stop a moment later.
func runningNow(ctx context.Context, run job.Run, key fleet.ManagerKey, found []records.Instance) ([]records.Instance, error) {
	listing, err := run.Records.Listing(ctx, key)
	if err != nil {
		return nil, err
	}
	var running []records.Instance
	for _, instance := range found {
		i := instance.Value
		if sight, there := listing.VMs[i.ID]; there && sight.Hostname == i.Hostname && sight.Running && !sight.Lost {
			running = append(running, instance)
		}
	}
	return running, nil
}

// entries makes the catalog entries of a revision's instances.
func entries(r fleet.Revision, project string) (func(fleet.Instance) catalog.Entry, error) {
	pairs, err := dimensionsOf(r)
	dimensions, refused := dimension.Given(pairs...)
	if err := cmp.Or(err, refused); err != nil {
		return nil, failure.New(failure.Permanent, "dimensions of %s: %w", r.TemplateName(), err)
	}
	return func(i fleet.Instance) catalog.Entry {
		return catalog.Entry{
			Hostname: i.Hostname, Instance: i.Key(), Offer: i.OfferNumber, Dimensions: dimensions,
			ServiceAccount: r.Spec.ServiceAccounts[0].Name, Project: project, Topic: event.LeasesChanged,
		}
	}, nil
}

// dimensionsOf lists the dimensions by which lessees choose a revision's
// machines, each as name:value: first those that follow from the template's
// fields, then the template's own dimensions, which override the first.
func dimensionsOf(r fleet.Revision) ([]string, error) {
	spec := r.Spec
	shape, err := machinetype.Parse(spec.MachineType)
	if err != nil {
		return nil, err
	}
	disk, snapshot := "HDD", spec.SnapshotName
	if spec.DiskType != "" && spec.DiskType != "pd-standard" {
		disk = "SSD"
	}
	if snapshot == "" && r.SnapshotURL != "" {
		snapshot = path.Base(r.SnapshotURL)
	}
	pairs := []string{
		"project:" + spec.Project, "disk_type:" + disk, "snapshot:" + snapshot,
		fmt.Sprint("disk_gb:", spec.DiskSizeGB), fmt.Sprint("num_cpus:", shape.CPUs), fmt.Sprint("memory_gb:", shape.MemoryGB),
	}
	for _, key := range slices.Sorted(maps.Keys(spec.SnapshotLabels)) {
		pairs = append(pairs, "snapshot_labels:"+key+":"+spec.SnapshotLabels[key])
	}
	return append(pairs, spec.Dimensions...), nil
}
