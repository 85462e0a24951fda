// Package orphan finds what carries this deployment's ownership label in
// Compute Engine although no record accounts for it, such as what a run made
// right before it was killed. It is deleted only after it was seen in two
// complete sweeps an interval apart.
package orphan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/records"
)

// Confirmation is the time between two sightings of an orphan that must pass
// before it is deleted.
const Confirmation = 2 * time.Minute

// Due reports whether this minute's sweep looks for orphans: every other one
// does, to save what the look costs.
func Due(now time.Time) bool { return now.Unix()/60%2 == 0 }

// DeletionsPerRun bounds what one run may delete.
const DeletionsPerRun = 3

// Confirmed compares what is there now without a record, by name, with what
// was seen before, keeps the sightings, and answers the names that may be
// deleted now. The list must be complete.
func Confirmed(ctx context.Context, e records.Records, kind string, names []string, now time.Time) ([]string, error) {
	seen, err := e.Sightings(ctx, kind)
	if err != nil {
		return nil, err
	}
	var ready, fresh, over []string
	for _, name := range names {
		first, known := seen[name]
		switch {
		case !known:
			fresh = append(fresh, name)
			e.Log.Warn(fmt.Sprintf("orphan: %s %s carries our label and has no record; it is deleted if it is still there in %s", kind, name, Confirmation),
				"event", "ORPHAN", "kind", kind, "name", name)
		case now.Sub(first) >= Confirmation:
			ready = append(ready, name)
		}
	}
	for name := range seen {
		if !slices.Contains(names, name) {
			over = append(over, name)
		}
	}
	slices.Sort(ready)
	return ready[:min(len(ready), DeletionsPerRun)], e.KeepSightings(ctx, kind, fresh, over, now)
}
