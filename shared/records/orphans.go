package records

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

type orphanFields struct {
	Kind      string    `firestore:"kind"`
	Name      string    `firestore:"name"`
	FirstSeen time.Time `firestore:"firstSeen"`
}

// Sightings reads when each orphan of a kind was first seen, by its name.
func (r Records) Sightings(ctx context.Context, kind string) (map[string]time.Time, error) {
	items, err := find[orphanFields](ctx, r, allOrphans(kind))
	seen := map[string]time.Time{}
	for _, item := range items {
		seen[item.Value.Name] = item.Value.FirstSeen
	}
	return seen, err
}

// KeepSightings records orphans that are new and forgets those that are over.
func (r Records) KeepSightings(ctx context.Context, kind string, fresh, over []string, now time.Time) error {
	var writes []store.Write
	for _, name := range fresh {
		k, err := orphanKey(kind, name)
		if err != nil {
			return err
		}
		fields, err := store.Encode(orphanFields{Kind: kind, Name: name, FirstSeen: now})
		if err != nil {
			return err
		}
		writes = append(writes, store.Put(k, fields))
	}
	for _, name := range over {
		k, err := orphanKey(kind, name)
		if err != nil {
			return err
		}
		writes = append(writes, store.Delete(k))
	}
	for len(writes) > 0 {
		chunk := writes[:min(len(writes), store.MaxWrites)]
		writes = writes[len(chunk):]
		if _, err := r.Store.Commit(ctx, chunk...); err != nil {
			return fmt.Errorf("keep the sightings of orphans: %w", err)
		}
	}
	return nil
}

func orphanKey(kind, name string) (store.Key, error) {
	return key(orphans, kind+":"+strings.ReplaceAll(name, "/", ":"))
}
