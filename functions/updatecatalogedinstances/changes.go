package updatecatalogedinstances

import (
	"context"
	"errors"

	"github.com/gce-backend/gce-backend/shared/catalog"
	"github.com/gce-backend/gce-backend/shared/entities"
)

// maxChangePages bounds how many pages of changes one sweep reads; the rest is
// the next one's.
const maxChangePages = 20

// changes asks the Machine Provider what changed since the last sweep: the
// instances to look at, and which of them were reclaimed. Where it has no such
// call there are none.
func (u updater) changes(ctx context.Context) (evidence, []entities.Instance, *entities.Cursor, error) {
	cursor, err := u.e.Cursor(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	reclaimed := evidence{}
	var keys []string
	for range maxChangePages {
		page, err := u.d.Catalog.Changes(ctx, cursor.Value)
		if errors.Is(err, catalog.ErrUnsupported) {
			return reclaimed, nil, nil, nil
		}
		if err != nil {
			return reclaimed, nil, nil, err
		}
		for _, change := range page.Changed {
			if change.Instance == "" {
				continue
			}
			keys = append(keys, change.Instance)
			if change.Removed {
				reclaimed[change.Instance] = true
			}
		}
		cursor.Value = page.Cursor
		if !page.More {
			break
		}
	}
	if len(keys) == 0 && !cursor.First() {
		return reclaimed, nil, nil, nil // nothing that a later cursor would spare: no write
	}
	items, err := u.e.Instances(ctx, keys...)
	return reclaimed, items, &cursor, err
}
