package fleet

import (
	"cmp"
	"slices"
	"time"
)

// PoolKey identifies a pool.
type PoolKey struct{ BaseName, Zone string }

// Pool is a template's machines in one zone, over all its revisions.
type Pool struct {
	PoolKey
	// Groups has one group for each revision that has a manager in the zone. If
	// the configured revision has none there yet, it gets a group whose manager
	// has no state.
	Groups []*Group
}

// Group is the part of a pool that belongs to one revision: its manager, and
// whichever facts about its VMs the reader asked for.
type Group struct {
	Manager  Manager
	Revision Revision
	Machines Machines // counted by their records
	Counts   Counts   // as counted by Compute Engine
	// Leases and Deletions are some of the instances that are leased or pending
	// deletion.
	Leases, Deletions []Instance
}

// Machines counts instances by their states.
type Machines struct {
	Found     int `json:"found,omitempty"`
	Cataloged int `json:"cataloged,omitempty"` // not leased
	Leased    int `json:"leased,omitempty"`
	Pending   int `json:"pending,omitempty"` // to be deleted
}

// Live counts the machines that nobody is deleting.
func (m Machines) Live() int { return m.Found + m.Cataloged + m.Leased }

// Total counts the machines that exist.
func (m Machines) Total() int { return m.Live() + m.Pending }

// ByState returns the counter of each state.
func (m *Machines) ByState() map[InstanceState]*int {
	return map[InstanceState]*int{Found: &m.Found, Cataloged: &m.Cataloged, Leased: &m.Leased, PendingDeletion: &m.Pending}
}

// Pools groups managers into pools, in the order of their names.
func Pools(managers []Manager, revisions []Revision) []*Pool {
	type id struct{ baseName, revision string }
	known := map[id]Revision{}
	for _, revision := range revisions {
		known[id{revision.BaseName, revision.ID}] = revision
	}
	var pools []*Pool
	for _, m := range managers {
		pools = add(pools, &Group{Manager: m, Revision: known[id{m.BaseName, m.Revision}]})
	}
	return pools
}

// AddConfigured adds a manager that is configured but not built yet, without a
// state, unless its pool has an active manager.
func AddConfigured(pools []*Pool, m Manager) []*Pool {
	for _, pool := range pools {
		if pool.PoolKey == m.Key().Pool() && slices.ContainsFunc(pool.Groups, func(g *Group) bool { return g.Manager.State == Active }) {
			return pools
		}
	}
	return add(pools, &Group{Manager: m})
}

func add(pools []*Pool, g *Group) []*Pool {
	key := g.Manager.Key().Pool()
	i, found := slices.BinarySearchFunc(pools, key, func(p *Pool, key PoolKey) int {
		return cmp.Or(cmp.Compare(p.BaseName, key.BaseName), cmp.Compare(p.Zone, key.Zone))
	})
	if !found {
		pools = slices.Insert(pools, i, &Pool{PoolKey: key})
	}
	pools[i].Groups = append(pools[i].Groups, g)
	return pools
}

// Sizing returns the facts that decide the size of one of the pool's groups.
func (p *Pool) Sizing(g *Group, now time.Time) Sizing {
	return Sizing{
		Minimum: g.Manager.MinimumSize, Maximum: g.Manager.MaximumSize, Group: g.Counts,
		Leased: g.Machines.Leased, Pending: g.Machines.Pending, Others: p.others(g, now),
	}
}

// others counts the VMs of the pool's other groups, including those of claimed
// resizes.
func (p *Pool) others(g *Group, now time.Time) int {
	n := 0
	for _, other := range p.Groups {
		if other != g {
			n += max(other.Manager.Expected(other.Counts, now), other.Machines.Total())
		}
	}
	return n
}
