package records

import (
	"context"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Offer says that machines are being offered to the catalog. It is closed
// once the answers are in the records: one that stays was cut off, and what the
// records say of its machines may never have come true.
type Offer = store.Stored[offerFields]

type offerFields struct {
	At        time.Time `firestore:"at"` // as in the records of its instances
	Instances []string  `firestore:"instances"`
}

func offersOpen(since time.Time) store.Query {
	return store.Query{Name: "open offers", Collection: offers,
		Where: []store.Filter{{Field: "at", Op: store.LessOrEqual, Value: since}}}
}

// OpenOffer records an offer before it is made.
func (r Records) OpenOffer(ctx context.Context, items []Instance, now time.Time) (Offer, error) {
	fields := offerFields{At: store.Truncate(now), Instances: make([]string, len(items))}
	for i, item := range items {
		fields.Instances[i] = item.Value.Key()
	}
	k, err := key(offers, fleet.RequestID(append([]string{"offer", fields.At.Format(time.RFC3339Nano)}, fields.Instances...)...))
	if err != nil {
		return Offer{}, err
	}
	encoded, err := store.Encode(fields)
	if err != nil {
		return Offer{}, err
	}
	if _, err = r.Store.Commit(ctx, store.Put(k, encoded)); err != nil {
		return Offer{}, fmt.Errorf("record the offer of %d machines: %w", len(items), err)
	}
	return Offer{Value: fields, Document: store.Document{Key: k, Fields: encoded}}, nil
}

// CloseOffer removes the record of an offer.
func (r Records) CloseOffer(ctx context.Context, offer Offer) error {
	if _, err := r.Store.Commit(ctx, store.Delete(offer.Key())); err != nil && !failure.Is(err, failure.NotFound) {
		return fmt.Errorf("remove the record of an offer: %w", err)
	}
	return nil
}

// OffersSince reads the offers that are open since a time, or longer.
func (r Records) OffersSince(ctx context.Context, since time.Time) ([]Offer, error) {
	return find[offerFields](ctx, r, offersOpen(since))
}
