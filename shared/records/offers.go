package records

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

type leftOfferFields struct {
	Instances []string `firestore:"instances"`
}

// LeftOffer is a record of an open offer, which the previous version kept.
type LeftOffer = store.Stored[leftOfferFields]

// LeftOffers reads the offers that the previous version left open.
func (r Records) LeftOffers(ctx context.Context) ([]LeftOffer, error) {
	return find[leftOfferFields](ctx, r, query("offers left open", "offers"))
}

// Forget deletes the record of an offer.
func (r Records) Forget(ctx context.Context, left LeftOffer) error {
	if _, err := r.Store.Commit(ctx, store.Remove(left.Document)); err != nil {
		return fmt.Errorf("delete the record of an offer: %w", err)
	}
	return nil
}
