package updatecatalogedinstances

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// settle finds out what became of offers whose runs were cut off, once they
// cannot be under way any more. A machine that did not come into the catalog is
// offered again: it was never anybody's, and the brake has no say in it. Where
// the Machine Provider did not tell all that it reclaimed, a machine may have been
// somebody's and be missing for that; then it is confirmed as any other.
func (u updater) settle(ctx context.Context, n news, now time.Time) error {
	offers, err := u.e.OffersSince(ctx, now.Add(-fleet.OfferWindow))
	if err != nil {
		return err
	}
	var errs []error
	for _, offer := range offers {
		if err := u.settleOffer(ctx, offer, n); err != nil {
			errs = append(errs, fmt.Errorf("find out about an offer that was cut off at %s: %w", offer.Value.At.Format(time.RFC3339), err))
		}
	}
	return job.Joined(errs...)
}

func (u updater) settleOffer(ctx context.Context, offer records.Offer, n news) error {
	all, err := u.e.Instances(ctx, offer.Value.Instances...)
	if err != nil {
		return err
	}
	asOffered := func(i fleet.Instance) bool { return i.State == fleet.Cataloged && i.CatalogedAt.Equal(offer.Value.At) }
	var items, missing []records.Instance
	for _, item := range all {
		if asOffered(item.Value) && !n.reclaimed[item.Value.Key()] {
			items = append(items, item)
		}
	}
	looks, err := u.protocol.Look(ctx, items)
	if err != nil {
		return err
	}
	for _, item := range items {
		switch machine := looks[item.Value.Key()]; {
		case errors.Is(machine.Err, catalog.ErrNotFound):
			missing = append(missing, item)
		case machine.Err != nil:
			return fmt.Errorf("ask the catalog for %s: %w", item.Value.Hostname, machine.Err)
		}
	}
	if len(missing) > 0 && !n.complete {
		return nil // the offer stays open
	}
	declined, err := u.e.ChangeInstances(ctx, missing, func(i fleet.Instance) (fleet.Instance, bool) {
		if !asOffered(i) {
			return i, false
		}
		return i.Decline(false) // whoever takes it out still asks the catalog first
	})
	for _, i := range declined {
		u.run.Log.Info("offered again, because the offer was cut off: "+i.Hostname, append(job.ManagerAttrs(i.ManagerKey()), "hostname", i.Hostname)...)
	}
	if err != nil {
		return err
	}
	return u.e.CloseOffer(ctx, offer)
}
