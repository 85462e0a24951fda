package promises

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// Look reads the current state of everything.
func (c *Checker) Look(ctx context.Context) (invariants.View, error) {
	held := c.Book.Held(time.Now())
	records, problems, err := read(ctx, c.store)
	if err != nil {
		return invariants.View{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, problem := range problems {
		c.breaks(invariants.Violation{Invariant: invariants.KnownState, Detail: problem.Error()})
	}
	state := c.cloud.State()
	v := invariants.View{
		Records: records, Groups: state.Groups, VMs: c.cloud.VMs(), TemplateCount: state.Templates - invariants.ForeignTemplates, Disks: state.Disks,
		Now: time.Now(), Maxima: map[fleet.PoolKey]int{},
	}
	// A lease held both before and after the reading was held throughout.
	for _, h := range c.Book.Held(v.Now) {
		if slices.ContainsFunc(held, func(was Holding) bool { return was.Request == h.Request }) {
			v.Held = append(v.Held, h.Holding)
		}
	}
	for _, pool := range c.pools {
		v.Maxima[pool.key()] = pool.Maximum
	}
	v.Maxima = c.maxima.With(v.Maxima, v.Now)
	return v, nil
}

// read reads all documents, in the order that View.EveryCommit describes. A
// document that does not decode is among the problems.
func read(ctx context.Context, from store.Store) (r invariants.Records, problems []error, err error) {
	r = invariants.NewRecords()
	err = errors.Join(
		each(ctx, from, "instances", &problems, func(key store.Key, i fleet.Instance) { r.Instances[key.ID()] = i }),
		each(ctx, from, "machines", &problems, func(key store.Key, m leasing.Machine) {
			if !m.Entry() {
				return
			}
			if m.Instance() == "" || key.ID() != m.Backend+":"+m.Hostname {
				problems = append(problems, fmt.Errorf("%s is the machine %q of instance %q", key, m.Hostname, m.Instance()))
			}
			r.Machines[m.Instance()] = m
		}),
		each(ctx, from, "leases", &problems, func(key store.Key, l leasing.Lease) { r.Leases[key.ID()] = l }),
		each(ctx, from, "managers", &problems, func(_ store.Key, m fleet.Manager) { r.Managers[m.Key()] = m }),
		each(ctx, from, "revisions", &problems, func(_ store.Key, v fleet.Revision) { r.Revisions[v.TemplateName()] = v }),
		each(ctx, from, "instanceTemplates", &problems, func(_ store.Key, t fleet.TemplateRecord) { r.Templates[t.BaseName] = t }),
		each(ctx, from, "orphans", &problems, func(key store.Key, _ struct{}) { r.Orphans[key.ID()] = struct{}{} }),
	)
	return r, problems, err
}

func each[T any](ctx context.Context, from store.Store, collection string, problems *[]error, take func(store.Key, T)) error {
	page, err := store.FindAs[T](ctx, from, store.Query{Name: "all " + collection, Collection: collection, Group: true})
	if err != nil {
		return fmt.Errorf("read the collection %s: %w", collection, err)
	}
	*problems = append(*problems, page.Corrupt...)
	for _, item := range page.Items {
		take(item.Key(), item.Value)
	}
	return nil
}

// Differences lists how a view differs from the configured pools.
func Differences(v invariants.View, pools []Pool) []string {
	configured := invariants.Configured{Images: map[string]string{}, Sizes: map[fleet.PoolKey]fleet.Sizes{}}
	for _, pool := range pools {
		configured.Images[pool.BaseName], configured.Sizes[pool.key()] = pool.Image, pool.Sizes
	}
	return v.Differences(configured)
}
