package pools

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// questions is how many are asked at the same time.
const questions = 16

// counts are a manager's instances by state.
type counts struct{ found, cataloged, leased, pending int }

func (c counts) live() int { return c.found + c.cataloged + c.leased }

// countAll counts the instances of managers, a few at a time: with a real
// Firestore each question takes a while.
func countAll(ctx context.Context, e records.Records, managers []records.Manager) ([]counts, error) {
	all := make([]counts, len(managers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(questions)
	for i, manager := range managers {
		c := &all[i]
		for state, n := range map[fleet.InstanceState]*int{
			fleet.Found: &c.found, fleet.Cataloged: &c.cataloged, fleet.Leased: &c.leased, fleet.PendingDeletion: &c.pending,
		} {
			group.Go(func() (err error) {
				*n, err = e.CountOf(ctx, manager.Value.Key(), state)
				return err
			})
		}
	}
	return all, group.Wait()
}

// view is a manager with everything that is known of it.
type view struct {
	manager  fleet.Manager
	revision fleet.Revision
	counts   counts
	running  int
}

func (v *view) pool(all map[fleet.ManagerKey]*view) Pool {
	pool := Pool{
		BaseName:  v.manager.BaseName,
		Revision:  v.manager.Revision,
		Zone:      v.manager.Zone,
		State:     string(v.manager.State),
		Running:   v.running,
		Cataloged: v.counts.cataloged + v.counts.leased,
		Leased:    v.counts.leased,
		Leaving:   v.counts.pending,
	}
	if v.manager.State == fleet.Drained {
		pool.Waits = v.waitsToGo()
		return pool
	}
	pool.Minimum = v.manager.MinimumSize
	pool.Target = v.wanted(all)
	pool.Waits = v.waitsToCome(pool.Target)
	return pool
}

// wanted is the size that the leases and the limits ask for.
func (v *view) wanted(all map[fleet.ManagerKey]*view) int {
	others := 0
	for key, other := range all {
		if key.BaseName == v.manager.BaseName && key.Zone == v.manager.Zone && key.Revision != v.manager.Revision {
			others += other.counts.live() + other.counts.pending
		}
	}
	return fleet.Sizing{
		Minimum: v.manager.MinimumSize, Maximum: v.manager.MaximumSize, Leased: v.counts.leased, Others: others,
	}.Wanted()
}

func (v *view) waitsToCome(target int) string {
	switch {
	case v.revision.URL == "":
		return "its instance template"
	case v.manager.URL == "":
		return "its instance group"
	}
	var waits []string
	if n := target - v.counts.live(); n > 0 {
		waits = append(waits, many(n, "VM", "to be created"))
	}
	if n := v.counts.live() - max(v.running, v.counts.cataloged+v.counts.leased); n > 0 {
		waits = append(waits, many(n, "VM", "to boot"))
	}
	if n := v.running - v.counts.cataloged - v.counts.leased; n > 0 && v.counts.found > 0 {
		waits = append(waits, many(min(n, v.counts.found), "VM", "to be cataloged"))
	}
	if v.counts.pending > 0 {
		waits = append(waits, many(v.counts.pending, "VM", "to be deleted"))
	}
	return strings.Join(waits, ", ")
}

func (v *view) waitsToGo() string {
	var waits []string
	if v.counts.leased > 0 {
		waits = append(waits, many(v.counts.leased, "lease", "to end"))
	}
	if n := v.counts.found + v.counts.cataloged; n > 0 {
		waits = append(waits, many(n, "machine", "to be taken out of the catalog"))
	}
	if v.counts.pending > 0 {
		waits = append(waits, many(v.counts.pending, "VM", "to be deleted"))
	}
	switch {
	case len(waits) > 0:
		return strings.Join(waits, ", ")
	case v.manager.URL != "":
		return "its instance group to be deleted"
	case v.revision.URL != "":
		return "its instance template to be deleted"
	}
	return "its records to be deleted"
}

func many(n int, what, verb string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s %s", n, what, verb)
}
