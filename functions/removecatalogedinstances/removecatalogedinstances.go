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

// Job is remove-cataloged-instances.
var Job = job.Job{Name: "remove-cataloged-instances", New: job.Stateless(sweep)}

func sweep(ctx context.Context, run job.Run) error {
	drained, err := run.Records.ManagersIn(ctx, fleet.Drained)
	if err == nil {
		drained, err = job.Unfrozen(ctx, run, drained, func(m records.Manager) string { return m.Value.BaseName })
	}
	if err != nil {
		return err
	}
	var keys []fleet.ManagerKey
	for _, manager := range drained {
		if run.Covers(manager.Value.Key()) {
			keys = append(keys, manager.Value.Key())
		}
	}
	return run.Spread(ctx, keys, func(ctx context.Context, key fleet.ManagerKey) error {
		if err := remove(ctx, run, key); err != nil {
			return fmt.Errorf("take the instances of %s out of the catalog: %w", key, err)
		}
		return nil
	})
}

// remove takes the instances of one manager out of the catalog.
func remove(ctx context.Context, run job.Run, key fleet.ManagerKey) error {
	items, err := run.Records.InstancesOf(ctx, key, fleet.Found, fleet.Cataloged)
	if err != nil {
		return err
	}
	outcome, err := run.Offers.Withdraw(ctx, items, offer.Withdrawal{Reason: "its manager is drained"})
	run.Life(job.DeletionProposed, outcome.Withdrawn...)
	if err == nil {
		err = reportLeases(ctx, run, key)
	}
	if err != nil || len(outcome.Withdrawn) == 0 {
		return err
	}
	return run.Announce(ctx, "instances-marked", job.ManagerScope(key))
}

// reportLeases logs the leases that a drain still waits for.
// update-cataloged-instances notices when they end.
func reportLeases(ctx context.Context, run job.Run, key fleet.ManagerKey) error {
	if !run.Scope.Sweep() {
		return nil
	}
	leased, err := run.Records.InstancesOf(ctx, key, fleet.Leased)
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
