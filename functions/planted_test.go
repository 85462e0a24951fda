//go:build !race

package functions_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/catalog"
	"github.com/gce-backend/gce-backend/shared/compute"
	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/store"
	"github.com/gce-backend/gce-backend/shared/world"
)

// within is the number of worlds within which each planted bug is found.
const within = 60

// planted is a bug between the jobs and the outside, as if the job itself had
// it.
type planted struct {
	name   string
	engine func(compute.Engine) compute.Engine
	offer  func(catalog.Catalog) catalog.Catalog
	store  func(store.Store) store.Store
	only   string        // the job that has it; "" for all
	clock  time.Duration // it is ahead by so much
	finds  []string      // the invariants that it may break
}

// TestPlantedBugs shows that the checks can fail.
func TestPlantedBugs(t *testing.T) {
	s := suite(t)
	for _, bug := range bugs {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= within; seed++ {
				outcome := world.Trial{Seed: seed, Plant: bug.plant()}.Run(s)
				if outcome.Broken == nil {
					continue
				}
				if !slices.Contains(bug.finds, outcome.Broken.Invariant) {
					t.Errorf("seed %d broke another invariant: %v", seed, outcome.Broken)
				}
				t.Logf("found by seed %d: %v", seed, outcome.Broken)
				return
			}
			t.Errorf("not found by %d seeds", within)
		})
	}
}

func (p planted) plant() world.Plant {
	return world.Plant{Name: p.name, Dependencies: func(name string, deps job.Dependencies) job.Dependencies {
		if p.only != "" && p.only != name {
			return deps
		}
		if p.engine != nil {
			deps.Compute = p.engine(deps.Compute)
		}
		if p.offer != nil {
			deps.Catalog = p.offer(deps.Catalog)
		}
		if p.store != nil {
			deps.Store = p.store(deps.Store)
		}
		if p.clock != 0 {
			now := deps.Now
			deps.Now = func() time.Time { return now().Add(p.clock) }
		}
		return deps
	}}
}

var bugs = []planted{
	{name: "lowers a target", finds: []string{world.NeverLowered, world.Quiet, world.Converges},
		engine: func(e compute.Engine) compute.Engine { return blind{e} }},
	{name: "takes LEASED for removed", finds: []string{world.LeasedStays},
		offer: func(c catalog.Catalog) catalog.Catalog { return heedless{c} }},
	{name: "takes errors for not found", finds: []string{world.LeasedStays, world.DeletedForGood, world.KnownState, world.Converges},
		offer: func(c catalog.Catalog) catalog.Catalog { return credulous{c} }},
	{name: "drops the id comparison", finds: []string{world.LeasedStays, world.DeletedForGood, world.Converges},
		offer: func(c catalog.Catalog) catalog.Catalog { return nameless{c} }},
	{name: "deletes groups that are not empty", finds: []string{world.LeasedStays, world.DeletedForGood},
		only: "delete-instance-group-managers", engine: func(e compute.Engine) compute.Engine { return emptying{e} },
		store: func(s store.Store) store.Store { return countless{s} }},
	{name: "takes a failed page for the end", finds: []string{world.LeasedStays, world.DeletedForGood, world.KnownState},
		engine: func(e compute.Engine) compute.Engine { return hasty{e} }},
	{name: "forgets the other revisions' VMs", finds: []string{world.WithinMaximum},
		only: "resize-instance-groups", store: func(s store.Store) store.Store { return selfish{s} }},
	{name: "drops the ownership check", finds: []string{world.OnlyOurs},
		engine: func(e compute.Engine) compute.Engine { return grasping{e} }},
	{name: "removes tombstones at once", finds: []string{world.DeletedForGood}, only: "cleanup-entities", clock: time.Hour},
	{name: "drops the preconditions of writes", finds: []string{world.KnownState, world.LeasedStays, world.DeletedForGood, world.ActiveStays, world.WithinMaximum, world.Converges},
		store: func(s store.Store) store.Store { return overwriting{s} }},
	{name: "drops the claim before deleting", finds: []string{world.ActiveStays},
		store: func(s store.Store) store.Store { return claimless{s} }},
	{name: "takes one request id for all", finds: []string{world.Converges},
		engine: func(e compute.Engine) compute.Engine { return monotonous{e} }},
	{name: "does not see leases", finds: []string{world.Converges, world.LeasedStays},
		offer: func(c catalog.Catalog) catalog.Catalog { return leaseless{c} }},
	{name: "skips the drained check", finds: []string{world.Converges, world.Quiet},
		only: "remove-cataloged-instances", store: func(s store.Store) store.Store { return draining{s} }},
}

type blind struct{ compute.Engine }

func (e blind) Groups(ctx context.Context, project string) ([]compute.Group, error) {
	groups, err := e.Engine.Groups(ctx, project)
	for i := range groups {
		groups[i].TargetSize = 0
	}
	return groups, err
}

func (e blind) Group(ctx context.Context, ref compute.GroupRef) (compute.Group, error) {
	group, err := e.Engine.Group(ctx, ref)
	group.TargetSize = 0
	return group, err
}

type heedless struct{ catalog.Catalog }

func (c heedless) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	answers, err := c.Catalog.Remove(ctx, removals...)
	for i := range answers {
		answers[i] = nil
	}
	return answers, err
}

// Get is heedless too, or the last look before the deletion would find out.
func (c heedless) Get(ctx context.Context, hostnames ...string) ([]catalog.Machine, error) {
	machines, err := c.Catalog.Get(ctx, hostnames...)
	for i := range machines {
		if machines[i].LeasedIndefinitely {
			machines[i].Err = catalog.ErrNotFound
		}
	}
	return machines, err
}

type credulous struct{ catalog.Catalog }

func (c credulous) Get(ctx context.Context, hostnames ...string) ([]catalog.Machine, error) {
	machines, err := c.Catalog.Get(ctx, hostnames...)
	if err != nil {
		machines = make([]catalog.Machine, len(hostnames))
		for i := range machines {
			machines[i] = catalog.Machine{Hostname: hostnames[i], Err: catalog.ErrNotFound}
		}
	}
	return machines, nil
}

func (c credulous) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	answers, err := c.Catalog.Remove(ctx, removals...)
	if err != nil {
		answers = make([]error, len(removals)) // all removed
	}
	return answers, nil
}

type nameless struct{ catalog.Catalog }

func (c nameless) Remove(ctx context.Context, removals ...catalog.Removal) ([]error, error) {
	for i := range removals {
		removals[i].Instance = ""
	}
	return c.Catalog.Remove(ctx, removals...)
}

func (c nameless) Get(ctx context.Context, hostnames ...string) ([]catalog.Machine, error) {
	machines, err := c.Catalog.Get(ctx, hostnames...)
	for i := range machines {
		machines[i].Instance = ""
	}
	return machines, err
}

type emptying struct{ compute.Engine }

func (e emptying) Group(ctx context.Context, ref compute.GroupRef) (compute.Group, error) {
	group, err := e.Engine.Group(ctx, ref)
	if group.Actions != nil {
		group.TargetSize, group.Actions = 0, &compute.Actions{}
	}
	return group, err
}

func (e emptying) VMs(context.Context, compute.GroupRef) ([]compute.VM, error) { return nil, nil }

type countless struct{ store.Store }

func (s countless) Count(context.Context, store.Query) (int, error) { return 0, nil }

type hasty struct{ compute.Engine }

func (e hasty) VMs(ctx context.Context, ref compute.GroupRef) ([]compute.VM, error) {
	vms, err := e.Engine.VMs(ctx, ref)
	if failure.Is(err, failure.NotFound) {
		return vms, err
	}
	return vms, nil
}

type selfish struct{ store.Store }

func (s selfish) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	found, err := s.Store.Find(ctx, query)
	return slices.DeleteFunc(found, func(d store.Document) bool {
		return d.Key.Group() == "managers" && d.Fields["state"] == "drained"
	}), err
}

type grasping struct{ compute.Engine }

func (e grasping) Groups(ctx context.Context, project string) ([]compute.Group, error) {
	groups, err := e.Engine.Groups(ctx, project)
	for i := range groups {
		groups[i].Labels = map[string]string{compute.OwnershipLabel: world.Deployment}
	}
	return groups, err
}

type overwriting struct{ store.Store }

func (s overwriting) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	for i := range writes {
		writes[i].Condition = store.Always
	}
	return s.Store.Commit(ctx, writes...)
}

type claimless struct{ store.Store }

func (s claimless) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	for i := range writes {
		writes[i].Fields = store.Clone(writes[i].Fields)
		delete(writes[i].Fields, "deleting")
	}
	return s.Store.Commit(ctx, writes...)
}

type monotonous struct{ compute.Engine }

const oneID = "00000000-0000-5000-8000-000000000001"

func (e monotonous) DeleteVMs(ctx context.Context, ref compute.GroupRef, urls []string, _ string) error {
	return e.Engine.DeleteVMs(ctx, ref, urls, oneID)
}

func (e monotonous) ResizeGroup(ctx context.Context, ref compute.GroupRef, size int, _ string) error {
	return e.Engine.ResizeGroup(ctx, ref, size, oneID)
}

type leaseless struct{ catalog.Catalog }

func (c leaseless) Get(ctx context.Context, hostnames ...string) ([]catalog.Machine, error) {
	machines, err := c.Catalog.Get(ctx, hostnames...)
	for i := range machines {
		machines[i].LeaseExpiration, machines[i].LeasedIndefinitely = time.Time{}, false
	}
	return machines, err
}

type draining struct{ store.Store }

func (s draining) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	if query.Name == "managers by state" {
		query.Where = nil
	}
	return s.Store.Find(ctx, query)
}
