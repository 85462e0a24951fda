package entities

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/store"
)

// Cursor is how far the changes of the Machine Provider's catalog were dealt
// with.
type Cursor struct {
	Value string
	read  store.Stored[cursorFields]
}

type cursorFields struct {
	Cursor string `firestore:"cursor"`
}

var changesCursor = store.MustKey(cursors, "catalogChanges")

// Cursor reads the cursor.
func (e Entities) Cursor(ctx context.Context) (Cursor, error) {
	read, err := store.GetAs[cursorFields](ctx, e.Store, changesCursor)
	if err != nil {
		return Cursor{}, fmt.Errorf("get the cursor of the catalog's changes: %w", err)
	}
	return Cursor{Value: read[0].Value.Cursor, read: read[0]}, nil
}

// First tells whether no cursor was kept before.
func (c Cursor) First() bool { return !c.read.Exists() }

// SaveCursor keeps the cursor where it moved. When another run kept one
// meanwhile that one stands: at worst some changes are looked at twice.
func (e Entities) SaveCursor(ctx context.Context, cursor Cursor) error {
	if cursor.Value == cursor.read.Value.Cursor {
		return nil
	}
	fields, err := store.Encode(cursorFields{Cursor: cursor.Value})
	if err != nil {
		return err
	}
	_, err = e.Store.Commit(ctx, store.Replace(cursor.read.Document, fields))
	if err != nil && !failure.Is(err, failure.Conflict) {
		return fmt.Errorf("keep the cursor of the catalog's changes: %w", err)
	}
	return nil
}
