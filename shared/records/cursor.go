package records

import (
	"context"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// Cursor is the position up to which the changes of the Machine Provider's
// catalog have been processed.
type Cursor struct {
	Value string
	read  store.Stored[cursorFields]
}

type cursorFields struct {
	Cursor  string    `firestore:"cursor"`
	SavedAt time.Time `firestore:"savedAt"`
}

var changesCursor = store.MustKey(cursors, "catalogChanges")

// Cursor reads the cursor.
func (r Records) Cursor(ctx context.Context) (Cursor, error) {
	read, err := store.GetAs[cursorFields](ctx, r.Store, changesCursor)
	if err != nil {
		return Cursor{}, fmt.Errorf("get the cursor of the catalog's changes: %w", err)
	}
	return Cursor{Value: read[0].Value.Cursor, read: read[0]}, nil
}

// First reports whether no cursor was stored before.
func (c Cursor) First() bool { return !c.read.Exists() }

// cursorAge is how old a cursor may become while nothing changes: much less than
// the time for which the Machine Provider keeps changes.
const cursorAge = 24 * time.Hour

// SaveCursor stores the cursor if there were changes since the stored one;
// without changes the stored one is as good, and there is nothing to write. If
// another run stored a cursor in the meantime, that one stays: at worst some
// changes are read twice.
func (r Records) SaveCursor(ctx context.Context, cursor Cursor, changed bool, now time.Time) error {
	old := cursor.read.Value
	if cursor.Value == old.Cursor || !changed && old.Cursor != "" && now.Sub(old.SavedAt) < cursorAge {
		return nil
	}
	fields, err := store.Encode(cursorFields{Cursor: cursor.Value, SavedAt: now})
	if err != nil {
		return err
	}
	_, err = r.Store.Commit(ctx, store.Replace(cursor.read.Document, fields))
	if err != nil && !failure.Is(err, failure.Conflict) {
		return fmt.Errorf("keep the cursor of the catalog's changes: %w", err)
	}
	return nil
}
