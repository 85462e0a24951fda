package statuspage

import (
	"cmp"
	"context"
	"slices"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job/status"
)

// Group is a row of the page: the group of one revision in a pool.
type Group struct {
	Key      string `json:"key"` // its address: ?pool=KEY
	BaseName string `json:"base_name"`
	Revision string `json:"revision,omitempty"`
	Zone     string `json:"zone"`
	State    string `json:"state"` // active, draining, or configured as long as nothing is built
	Minimum  int    `json:"minimum"`
	Maximum  int    `json:"maximum"`
	// Wanted is the size that the leases and the limits ask for.
	Wanted int `json:"wanted"`
	// Running counts the VMs that are known and not to be deleted, Cataloged
	// those in the catalog, leased ones included.
	Running   int `json:"running"`
	Cataloged int `json:"cataloged"`
	Leased    int `json:"leased"`
	Leaving   int `json:"leaving"` // to be deleted
	// Waits lists what the group waits for; it is empty if the group is as it
	// should be.
	Waits []string `json:"waits"`
	// Trouble reports whether the group may need a person.
	Trouble bool `json:"trouble,omitempty"`
}

// row is a group with its pool.
type row struct {
	pool *fleet.Pool
	*fleet.Group
}

// sortKey orders the groups by template, then by state: active, configured,
// drained.
func (r row) sortKey() string {
	state := cmp.Or(string(r.Manager.State), "configured")
	return r.Manager.BaseName + "/" + state + "/" + r.Manager.Revision + "/" + r.Manager.Zone
}

// rows returns the groups that exist and those that are configured but not
// built yet, in order.
func (r *reading) rows() []row {
	pools := r.pools
	for _, wanted := range r.config.Managers.GetManagers() {
		if name := wanted.GetTemplateBaseName(); r.config.Template(name) != nil {
			pools = fleet.AddConfigured(pools, fleet.Manager{
				BaseName: name, Zone: wanted.GetZone(), MinimumSize: int(wanted.GetMinimumSize()), MaximumSize: int(wanted.GetMaximumSize()),
			})
		}
	}
	var rows []row
	for _, pool := range pools {
		for _, group := range pool.Groups {
			rows = append(rows, row{pool, group})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.sortKey(), b.sortKey()) })
	return rows
}

// describe returns the groups that are shown, with their machines and what they
// wait for. It also counts the machines of their pools' other groups, because
// these share the limits.
func (r *reading) describe(ctx context.Context, shown []row) ([]Group, error) {
	var counted, groups []*fleet.Group
	for _, row := range shown {
		groups = append(groups, row.Group)
		if !slices.Contains(counted, row.Group) {
			counted = append(counted, row.pool.Groups...)
		}
	}
	if err := r.page.records.Count(ctx, counted...); err != nil {
		return nil, err
	}
	if err := r.page.records.Examples(ctx, groups...); err != nil {
		return nil, err
	}
	circumstances := fleet.Circumstances{Now: r.now, Freeze: r.config.Settings.GetFreeze(), Failed: status.Failed(r.failed, r.now)}
	described := make([]Group, len(shown))
	for i, row := range shown {
		described[i] = row.inWords(circumstances)
	}
	return described, nil
}

func (r row) inWords(now fleet.Circumstances) Group {
	m, machines := r.Manager, r.Machines
	group := Group{
		Key: m.Key().String(), BaseName: m.BaseName, Revision: m.Revision, Zone: m.Zone,
		State: "configured", Minimum: m.MinimumSize, Maximum: m.MaximumSize, Wanted: r.pool.Sizing(r.Group, now.Now).Wanted(),
		Running: machines.Live(), Cataloged: machines.Cataloged + machines.Leased, Leased: machines.Leased, Leaving: machines.Pending,
		Waits: []string{},
	}
	switch m.State {
	case fleet.Active:
		group.State = "active"
	case fleet.Drained:
		group.State, group.Wanted, group.Minimum, group.Maximum = "draining", 0, 0, 0
	}
	for _, wait := range r.pool.Waits(r.Group, now) {
		group.Waits = append(group.Waits, wait.Text)
		group.Trouble = group.Trouble || wait.Trouble
	}
	return group
}
