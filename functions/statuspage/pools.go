package statuspage

import (
	"cmp"
	"context"
	"slices"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Pool is the VMs of a revision of a template in a zone.
type Pool struct {
	Key      string `json:"key"` // its address: ?pool=KEY
	BaseName string `json:"base_name"`
	Revision string `json:"revision,omitempty"`
	Zone     string `json:"zone"`
	State    string `json:"state"` // active, draining, or configured while nothing is built
	Minimum  int    `json:"minimum"`
	Maximum  int    `json:"maximum"`
	// Wanted is what the leases and the limits ask for.
	Wanted int `json:"wanted"`
	// Running VMs are those that are known and not to be deleted; Free ones are
	// in the catalog and not leased.
	Running   int `json:"running"`
	Cataloged int `json:"cataloged"`
	Leased    int `json:"leased"`
	Leaving   int `json:"leaving"` // to be deleted
	// Waits says what the pool waits for; nothing where it is as it should be.
	Waits []string `json:"waits"`
	// Trouble tells that it may need a person.
	Trouble bool `json:"trouble,omitempty"`
}

// pool is a pool while it is being looked at.
type pool struct {
	manager  fleet.Manager // without a state while it is only configured
	revision fleet.Revision
	counts   counts
	leased   []fleet.Instance // some
	leaving  []fleet.Instance // some
}

type counts struct{ found, cataloged, leased, pending int }

func (c counts) live() int { return c.found + c.cataloged + c.leased }
func (c counts) all() int  { return c.live() + c.pending }

// sortKey puts the pools of a template together: active, configured, drained.
func (p *pool) sortKey() string {
	state := cmp.Or(string(p.manager.State), "configured")
	return p.manager.BaseName + "/" + state + "/" + p.manager.Revision + "/" + p.manager.Zone
}

// pools lists the pools that there are, and those that are configured and not
// built yet, in order.
func (r *reading) pools() []*pool {
	var all []*pool
	active := map[[2]string]bool{}
	for _, manager := range r.known {
		all = append(all, &pool{manager: manager, revision: r.heads[[2]string{manager.BaseName, manager.Revision}]})
		if manager.State == fleet.Active {
			active[[2]string{manager.BaseName, manager.Zone}] = true
		}
	}
	for _, wanted := range r.config.Managers.GetManagers() {
		name, zone := wanted.GetTemplateBaseName(), wanted.GetZone()
		if r.config.Template(name) != nil && !active[[2]string{name, zone}] {
			all = append(all, &pool{manager: fleet.Manager{
				BaseName: name, Zone: zone, MinimumSize: int(wanted.GetMinimumSize()), MaximumSize: int(wanted.GetMaximumSize()),
			}})
		}
	}
	slices.SortFunc(all, func(a, b *pool) int { return cmp.Compare(a.sortKey(), b.sortKey()) })
	return all
}

// How many leases of a draining pool, and deletions, are looked at.
const (
	someLeases    = 50
	someDeletions = 10
)

// look counts the machines of the pools that are shown, and of the others that
// take room from them, and says what they wait for.
func (r *reading) look(ctx context.Context, shown, all []*pool) ([]Pool, error) {
	zones := map[[2]string]bool{}
	for _, pool := range shown {
		zones[[2]string{pool.manager.BaseName, pool.manager.Zone}] = true
	}
	var steps []func(context.Context) error
	for _, pool := range all {
		if zones[[2]string{pool.manager.BaseName, pool.manager.Zone}] && pool.manager.State != "" {
			steps = append(steps, pool.count(r.page.entities)...)
		}
	}
	if err := together(ctx, steps...); err != nil {
		return nil, err
	}
	steps = nil
	for _, pool := range shown {
		if pool.manager.State == fleet.Drained && pool.counts.leased > 0 {
			steps = append(steps, some(r.page.entities, pool, fleet.Leased, someLeases, &pool.leased))
		}
		if pool.counts.pending > 0 {
			steps = append(steps, some(r.page.entities, pool, fleet.PendingDeletion, someDeletions, &pool.leaving))
		}
	}
	if err := together(ctx, steps...); err != nil {
		return nil, err
	}
	pools := make([]Pool, 0, len(shown))
	for _, pool := range shown {
		pools = append(pools, r.describe(pool, all))
	}
	return pools, nil
}

// some reads a few of a pool's instances in a state.
func some(e records.Records, p *pool, state fleet.InstanceState, limit int, into *[]fleet.Instance) func(context.Context) error {
	return func(ctx context.Context) error {
		found, err := e.InstancePage(ctx, p.manager.Key(), state, limit, "")
		for _, instance := range found {
			*into = append(*into, instance.Value)
		}
		return err
	}
}

func (p *pool) count(e records.Records) []func(context.Context) error {
	var steps []func(context.Context) error
	for state, n := range map[fleet.InstanceState]*int{
		fleet.Found: &p.counts.found, fleet.Cataloged: &p.counts.cataloged, fleet.Leased: &p.counts.leased, fleet.PendingDeletion: &p.counts.pending,
	} {
		steps = append(steps, func(ctx context.Context) (err error) {
			*n, err = e.CountOf(ctx, p.manager.Key(), state)
			return err
		})
	}
	return steps
}

// describe puts a pool into words.
func (r *reading) describe(p *pool, all []*pool) Pool {
	others := 0
	for _, other := range all {
		if other != p && other.manager.BaseName == p.manager.BaseName && other.manager.Zone == p.manager.Zone {
			others += other.counts.all()
		}
	}
	size := fleet.Sizing{Minimum: p.manager.MinimumSize, Maximum: p.manager.MaximumSize, Leased: p.counts.leased, Others: others}
	described := Pool{
		Key: p.manager.Key().String(), BaseName: p.manager.BaseName, Revision: p.manager.Revision, Zone: p.manager.Zone,
		State: "configured", Minimum: p.manager.MinimumSize, Maximum: p.manager.MaximumSize, Wanted: size.Wanted(),
		Running: p.counts.live(), Cataloged: p.counts.cataloged + p.counts.leased, Leased: p.counts.leased, Leaving: p.counts.pending,
		Waits: []string{},
	}
	w := waits{reading: r, pool: p, frozen: fleet.Freeze(r.config.Settings.GetFreeze()).Covers(p.manager.BaseName)}
	switch p.manager.State {
	case fleet.Active:
		described.State = "active"
		w.toCome(size, others)
	case fleet.Drained:
		described.State, described.Wanted, described.Minimum, described.Maximum = "draining", 0, 0, 0
		w.toGo()
	default:
		w.say("the configuration to be processed")
	}
	described.Waits, described.Trouble = append(described.Waits, w.said...), w.trouble
	return described
}
