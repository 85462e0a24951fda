package records

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// LeftOffer is an offer that was open when the version before ended, which kept
// a record of each.
type LeftOffer = store.Stored[struct {
	Instances []string `firestore:"instances"`
}]

func leftOffers() store.Query { return store.Query{Name: "offers left open", Collection: "offers"} }

// LeftOffers reads them.
func (r Records) LeftOffers(ctx context.Context) ([]LeftOffer, error) {
	return find[struct {
		Instances []string `firestore:"instances"`
	}](ctx, r, leftOffers())
}

// Forget deletes one.
func (r Records) Forget(ctx context.Context, left LeftOffer) error {
	if _, err := r.Store.Commit(ctx, store.Remove(left.Document)); err != nil {
		return fmt.Errorf("delete the record of an offer: %w", err)
	}
	return nil
}
