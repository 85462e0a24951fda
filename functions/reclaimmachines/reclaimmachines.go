// Package reclaimmachines is the job reclaim-machines: it ends the leases whose
// time is over and reclaims their machines by policy, denies requests that
// waited too long, gives free machines to waiting requests, sends messages that
// were not sent, and deletes the records of leases that ended long ago.
//
// Triggered each minute; sends LEASED and RECLAIMED to the backends' topics, of
// which leases-changed is GCE Backend's own.
package reclaimmachines

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/leasing/access"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
)

// Job is reclaim-machines.
var Job = job.Job{Name: "reclaim-machines", Decode: event.OfEverything, New: newHandler}

// newHandler makes the job's handler.
func newHandler(d job.Dependencies) job.Handler {
	settings := access.NewCached(d.Store, d.Now)
	return func(ctx context.Context, run job.Run) error {
		if _, err := settings.Settings(ctx); err != nil { // its limits are used below
			return fmt.Errorf("read the settings: %w", err)
		}
		b := broker.New(broker.Options{
			Store: d.Store, Publisher: d.Publisher, Now: d.Now, Rand: d.Rand,
			Log: run.Log, Project: d.Project, Limits: settings.Limits,
		})
		swept, err := b.Sweep(ctx)
		if swept.Ended+swept.Denied+swept.Resent+swept.Forgotten+swept.Fulfilled > 0 {
			run.Log.Info("swept the leases", "ended", swept.Ended, "denied", swept.Denied, "fulfilled", swept.Fulfilled,
				"messages_sent_again", swept.Resent, "records_deleted", swept.Forgotten)
		}
		if err != nil {
			return fmt.Errorf("sweep the leases: %w", err)
		}
		return nil
	}
}
