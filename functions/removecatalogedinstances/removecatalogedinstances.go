// Package removecatalogedinstances is the job remove-cataloged-instances: it
// takes the instances of drained managers out of the catalog. A leased one is
// left alone until its lease ends.
//
// Triggered by config-processed and each minute; announces instances-marked.
package removecatalogedinstances

import (
	"context"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
	"github.com/gce-backend/gce-backend/shared/records/offer"
)

const name = "remove-cataloged-instances"

// Job is remove-cataloged-instances.
var Job = job.Job{Name: name, New: job.Stateless(remove)}

func remove(ctx context.Context, d job.Dependencies, run job.Run) error {
	e := records.Records{Store: d.Store, Log: run.Log}
	drained, err := e.ManagersIn(ctx, fleet.Drained)
	if err != nil || len(drained) == 0 {
		return err
	}
	settings, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	drained = job.WithoutFrozen(run, settings.Freeze, drained, func(m records.Manager) string { return m.Value.BaseName })
	var keys []fleet.ManagerKey
	for _, manager := range drained {
		if job.Covers(run.Scope, manager.Value.Key()) {
			keys = append(keys, manager.Value.Key())
		}
	}
	protocol := offer.Protocol{Records: e, Catalog: d.Catalog, Now: d.Now, Log: run.Log}
	return job.Spread(ctx, d, name, keys, func(ctx context.Context, key fleet.ManagerKey) error {
		if err := removeOf(ctx, d, run, protocol, key); err != nil {
			return fmt.Errorf("take the instances of %s out of the catalog: %w", key, err)
		}
		return nil
	})
}

func removeOf(ctx context.Context, d job.Dependencies, run job.Run, protocol offer.Protocol, key fleet.ManagerKey) error {
	items, err := protocol.Records.InstancesOf(ctx, key, fleet.Found, fleet.Cataloged)
	if err != nil {
		return err
	}
	var withdrawn []fleet.Instance
	if len(items) > 0 {
		outcome, err := protocol.Withdraw(ctx, items, offer.Withdrawal{Reason: "its manager is drained"})
		run.Life(job.DeletionProposed, outcome.Withdrawn...)
		withdrawn = outcome.Withdrawn
		if err != nil {
			return err
		}
	}
	if err := reportLeases(ctx, run, protocol.Records, key); err != nil || len(withdrawn) == 0 {
		return err
	}
	return d.Announce(ctx, "instances-marked", job.ManagerScope(key))
}

// reportLeases says which leases a drain still waits for. They end by
// themselves, and update-cataloged-instances sees it.
func reportLeases(ctx context.Context, run job.Run, e records.Records, key fleet.ManagerKey) error {
	if !run.Scope.Sweep() {
		return nil
	}
	leased, err := e.InstancesOf(ctx, key, fleet.Leased)
	if err != nil {
		return err
	}
	for _, item := range leased {
		until := "indefinitely"
		if !item.Value.LeasedIndefinitely {
			until = "until " + item.Value.LeaseExpiration.Format(time.RFC3339)
		}
		run.Log.Info(fmt.Sprintf("drain of %s waits for %s, leased %s", key, item.Value.Hostname, until),
			append(job.ManagerAttrs(key), "event", "DRAIN_WAITS", "hostname", item.Value.Hostname, "lease_expiration", item.Value.LeaseExpiration)...)
	}
	return nil
}
