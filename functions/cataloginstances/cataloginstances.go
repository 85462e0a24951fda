// Package cataloginstances is the job catalog-instances: it offers the running
// instances of active managers through the Machine Provider's catalog.
//
// Triggered by instances-fetched and each minute; announces
// instances-cataloged.
package cataloginstances

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
	"github.com/gce-backend/gce-backend/shared/records/offer"
)

const name = "catalog-instances"

// Job is catalog-instances.
var Job = job.Job{Name: name, New: New}

// New makes the job's handler.
func New(d job.Dependencies) job.Handler {
	return func(ctx context.Context, run job.Run) error {
		e := records.Records{Store: d.Store, Log: run.Log}
		c := cataloger{d: d, run: run, e: e,
			protocol: offer.Protocol{Records: e, Catalog: d.Catalog, Now: d.Now, Log: run.Log}}
		return c.sweep(ctx)
	}
}

// cataloger is one run of the job.
type cataloger struct {
	d        job.Dependencies
	run      job.Run
	e        records.Records
	protocol offer.Protocol
}

func (c cataloger) sweep(ctx context.Context) error {
	found, err := job.Waiting(ctx, c.d, c.run, c.e, name, fleet.Found)
	if err != nil || len(found) == 0 {
		return err
	}
	settings, err := c.d.Settings(ctx)
	if err != nil {
		return err
	}
	found = job.Thaw(c.run, settings.Freeze, found, func(i records.Instance) string { return i.Value.BaseName })
	groups := map[fleet.ManagerKey][]records.Instance{}
	var keys []fleet.ManagerKey
	for _, instance := range found {
		key := instance.Value.ManagerKey()
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], instance)
	}
	return job.Spread(ctx, c.d, name, keys, func(ctx context.Context, key fleet.ManagerKey) error {
		if err := c.group(ctx, key, groups[key]); err != nil {
			return fmt.Errorf("catalog the instances of %s: %w", key, err)
		}
		return nil
	})
}

// group offers the instances of one active manager whose VMs are running.
func (c cataloger) group(ctx context.Context, key fleet.ManagerKey, found []records.Instance) error {
	manager, err := c.e.Manager(ctx, key)
	if err != nil || manager == nil || manager.Value.State != fleet.Active {
		return err // what is drained goes another way
	}
	revision, err := c.e.Revision(ctx, key.BaseName, key.Revision)
	if err != nil || revision == nil || revision.Value.State != fleet.Active {
		return err
	}
	running, err := c.running(ctx, key, found)
	if err != nil || len(running) == 0 {
		return err
	}
	entry, err := entries(revision.Value, c.d.Project)
	if err != nil {
		return err
	}
	offered, err := c.protocol.Offer(ctx, running, entry)
	c.run.Life(job.CatalogedEvent, offered...)
	if len(offered) == 0 {
		return err
	}
	return job.Joined(err, c.d.Announce(ctx, "instances-cataloged", job.ManagerScope(key)))
}

// running keeps the instances whose very VMs are up, as fetch-instances last
// saw the group. To look again here would cost a call per message, and tell of
// the next moment no more.
func (c cataloger) running(ctx context.Context, key fleet.ManagerKey, found []records.Instance) ([]records.Instance, error) {
	listing, err := c.e.Listing(ctx, key)
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
	dimensions, err := dimensionsOf(r)
	if err != nil {
		return nil, fmt.Errorf("dimensions of %s: %w", r.TemplateName(), err)
	}
	return func(i fleet.Instance) catalog.Entry {
		return catalog.Entry{
			Hostname: i.Hostname, Instance: i.Key(), Offer: i.OfferNumber, Dimensions: dimensions,
			ServiceAccount: r.Spec.ServiceAccounts[0].Name, Project: project, Topic: leasesChanged,
		}
	}, nil
}
