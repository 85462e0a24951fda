package updatecatalogedinstances

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/records"
)

// maxChangePages bounds how many pages of changes one sweep reads; the rest is
// the next one's.
const maxChangePages = 20

// news is what the Machine Provider says has changed since the last sweep.
type news struct {
	items     []records.Instance // that are to be looked at
	reclaimed map[string]bool    // those of which the Machine Provider says that they were
	// complete says that this is all that has changed until now.
	complete bool
	cursor   *records.Cursor // to be saved; nil where it would spare nothing
}

// changes asks the Machine Provider what changed. Where it has no such call the
// error is catalog.ErrUnsupported.
func (u updater) changes(ctx context.Context, cursor records.Cursor) (n news, err error) {
	n.reclaimed = map[string]bool{}
	var keys []string
	for range maxChangePages {
		page, err := u.Catalog.Changes(ctx, cursor.Value)
		if err != nil {
			return n, err
		}
		for _, change := range page.Changed {
			if change.Instance == "" {
				continue
			}
			keys = append(keys, change.Instance)
			if change.Removed {
				n.reclaimed[change.Instance] = true
			}
		}
		cursor.Value = page.Cursor
		if n.complete = !page.More; n.complete {
			break
		}
	}
	if len(keys) == 0 && !cursor.First() {
		return n, nil // nothing that a later cursor would spare: no write
	}
	n.items, err = u.Records.Instances(ctx, keys...)
	n.cursor = &cursor
	return n, err
}
