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

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/dimension"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
	"github.com/gce-backend/gce-backend/shared/records/offer"
)

const name = "catalog-instances"

// Job is catalog-instances.
var Job = job.Job{Name: name, New: newHandler}

// newHandler makes the job's handler.
func newHandler(d job.Dependencies) job.Handler {
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
	return job.SpreadWaiting(ctx, c.d, c.run, name, fleet.Found, func(ctx context.Context, key fleet.ManagerKey, found []records.Instance) error {
		if err := c.group(ctx, key, found); err != nil {
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
