//go:build !race

package functions_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// within is the number of worlds in which each planted bug must be found.
const within = 60

// planted is a bug that is injected between the jobs and the outside, as if the
// job itself had it.
type planted struct {
	name   string
	engine func(compute.Engine) compute.Engine
	offer  func(catalog.Catalog) catalog.Catalog
	store  func(store.Store) store.Store
	only   string // the job with the bug; "" for all jobs
	source func(configsource.Source) configsource.Source
	clock  time.Duration // by which the job's clock is ahead
	vms    int           // the number of VMs of each world, if the bug needs more than usual
	faults []world.Kind  // the faults of each world; nil: some of all kinds
	finds  []string      // the invariants that the bug may break
}

// TestPlantedBugs shows that the checks can fail.
func TestPlantedBugs(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: hundreds of worlds take a minute; run without -short")
	}
	s := suite(t)
	for _, bug := range bugs {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= within; seed++ {
				outcome := world.Trial{Seed: seed, VMs: bug.vms, Only: bug.faults, All: bug.faults != nil, Plant: bug.plant()}.Run(s)
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
		if p.source != nil {
			deps.Source = p.source(deps.Source)
		}
		if p.clock != 0 {
			now := deps.Now
			deps.Now = func() time.Time { return now().Add(p.clock) }
		}
		return deps
	}}
}

var bugs = []planted{
	{name: "lowers a target", finds: []string{invariants.NeverLowered, invariants.Quiet, invariants.Converges},
		engine: func(e compute.Engine) compute.Engine { return blind{e} }},
	{name: "takes LEASED for removed", finds: []string{invariants.LeasedStays},
		offer: func(c catalog.Catalog) catalog.Catalog { return heedless{c} }},
	{name: "takes errors for not found", finds: []string{invariants.LeasedStays, invariants.DeletedForGood, invariants.KnownState, invariants.Converges},
		faults: []world.Kind{world.ProviderDown, world.ProviderUnavailable}, offer: func(c catalog.Catalog) catalog.Catalog { return credulous{c} }},
	{name: "drops the id comparison", finds: []string{invariants.LeasedStays, invariants.DeletedForGood, invariants.Converges},
		offer: func(c catalog.Catalog) catalog.Catalog { return nameless{c} }},
	{name: "deletes groups that are not empty", finds: []string{invariants.LeasedStays, invariants.DeletedForGood},
		only: "delete-instance-group-managers", engine: func(e compute.Engine) compute.Engine { return emptying{e} },
		store: func(s store.Store) store.Store { return countless{s} }},
	{name: "takes a failed page for the end", finds: []string{invariants.LeasedStays, invariants.DeletedForGood, invariants.KnownState, invariants.Converges},
		engine: func(e compute.Engine) compute.Engine { return hasty{e} }},
	{name: "forgets the other revisions' VMs", finds: []string{invariants.WithinMaximum},
		only: "resize-instance-groups", store: func(s store.Store) store.Store { return selfish{s} }},
	{name: "drops the ownership check", finds: []string{invariants.OnlyOurs},
		engine: func(e compute.Engine) compute.Engine { return grasping{e} }},
	{name: "removes tombstones at once", finds: []string{invariants.DeletedForGood}, only: "cleanup-entities", clock: time.Hour},
	{name: "drops the preconditions of writes", finds: []string{invariants.KnownState, invariants.LeasedStays, invariants.DeletedForGood, invariants.ActiveStays, invariants.WithinMaximum, invariants.Converges},
		store: func(s store.Store) store.Store { return overwriting{s} }},
	{name: "drops the claim before deleting", finds: []string{invariants.ActiveStays}, faults: []world.Kind{world.OperationSlow, world.MessageDropped},
		store: func(s store.Store) store.Store { return claimless{s} }},
	{name: "takes one request id for all", finds: []string{invariants.Converges},
		engine: func(e compute.Engine) compute.Engine { return monotonous{e} }},
	{name: "does not see leases", finds: []string{invariants.Converges, invariants.LeasedStays},
		offer: func(c catalog.Catalog) catalog.Catalog { return leaseless{c} }},
	{name: "skips the drained check", finds: []string{invariants.Converges, invariants.Quiet},
		only: "remove-cataloged-instances", store: func(s store.Store) store.Store { return draining{s} }},
	{name: "does not see the freeze", finds: []string{invariants.FrozenStays}, store: func(s store.Store) store.Store {
		return resettled{s, func(c *configpb.SettingsCfg) { c.Freeze = nil }}
	}},
	{name: "does not see the brake", finds: []string{invariants.BrakeHolds}, vms: 40, faults: []world.Kind{world.ProviderEmptied}, store: func(s store.Store) store.Store {
		return resettled{s, func(c *configpb.SettingsCfg) { c.ReclaimBrakePercent = proto.Int32(100) }}
	}},
	{name: "reads the configuration once", finds: []string{invariants.WholeConfig}, source: func(s configsource.Source) configsource.Source {
		return impatient{s.(*world.Configuration)}
	}},
}
