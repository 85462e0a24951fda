package statuspage

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// rowsPerPage bounds the number of instances or leases on a page.
const rowsPerPage = 50

// GroupView is a group of a pool with its instances.
type GroupView struct {
	At          time.Time `json:"at"`
	Pool        Group     `json:"pool"`
	Project     string    `json:"project"`
	MachineType string    `json:"machine_type,omitempty"`
	Image       string    `json:"image,omitempty"`
	Template    string    `json:"instance_template,omitempty"` // its URL
	Group       string    `json:"instance_group,omitempty"`    // its URL
	// Filter is the state that the instances are in; "" for all.
	Filter    string     `json:"filter,omitempty"`
	Instances []Instance `json:"instances"`
	Next      string     `json:"next,omitempty"`
}

// States returns the states that the instances can be filtered by.
func (*GroupView) States() []string {
	return []string{string(fleet.Found), string(fleet.Cataloged), string(fleet.Leased), string(fleet.PendingDeletion), string(fleet.Deleted)}
}

// Instance is one VM.
type Instance struct {
	Key      string `json:"key"` // its address: ?instance=KEY
	Hostname string `json:"hostname"`
	Pool     string `json:"pool"`
	State    string `json:"state"`
	// Since is when the instance entered the state, if its record has that
	// time.
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"` // the end of its lease
	Remark string    `json:"remark,omitempty"`
}

func (p *page) group(ctx context.Context, key, state, after string) (view, error) {
	read, err := p.read(ctx)
	if err != nil {
		return view{}, err
	}
	v := &GroupView{At: read.now, Filter: state, Instances: []Instance{}}
	all := read.rows()
	i := slices.IndexFunc(all, func(r row) bool { return r.Manager.State != "" && r.Manager.Key().String() == key })
	if i < 0 || state != "" && !slices.Contains(v.States(), state) {
		return view{}, errNotFound
	}
	manager, revision := all[i].Manager, all[i].Revision
	instances, err := p.records.InstancePage(ctx, manager.Key(), fleet.InstanceState(state), rowsPerPage, after)
	if err != nil {
		return view{}, err
	}
	for _, instance := range instances {
		v.Instances = append(v.Instances, instanceOf(instance.Value, v.At))
	}
	if len(instances) == rowsPerPage {
		v.Next = instances[len(instances)-1].Value.Key()
	}
	groups, err := read.describe(ctx, all[i:i+1])
	if err != nil {
		return view{}, err
	}
	v.Pool, v.Project, v.MachineType, v.Image = groups[0], manager.Project, revision.Spec.MachineType, revision.Spec.ImageName
	v.Template, v.Group = revision.URL, manager.URL
	return view{"pool", v.Pool.BaseName + " in " + v.Pool.Zone, v.At, v}, nil
}

func instanceOf(i fleet.Instance, now time.Time) Instance {
	row := Instance{Key: i.Key(), Hostname: i.Hostname, Pool: i.Manager, State: string(i.State), Remark: i.Reason}
	switch i.State {
	case fleet.Found:
		row.Since = i.FoundAt
	case fleet.Cataloged:
		row.Since = i.CatalogedAt
	case fleet.Leased:
		row.Until = i.LeaseExpiration
		if i.LeasedIndefinitely {
			row.Remark = "leased without an end"
		}
	case fleet.PendingDeletion:
		row.Since = i.DeletionRequested
		if i.DeletionStuck(now) {
			row.Remark = strings.TrimPrefix(i.Reason+"; its deletion takes too long", "; ")
		}
	case fleet.Deleted:
		row.Since = i.DeletedAt
	}
	if !i.MissingSince.IsZero() {
		row.Remark = "missing in the catalog since " + fleet.Clock(i.MissingSince, now)
	}
	return row
}

// InstanceView is one instance with its history.
type InstanceView struct {
	At       time.Time `json:"at"`
	Instance Instance  `json:"instance"`
	URL      string    `json:"url"`
	Project  string    `json:"project"`
	Zone     string    `json:"zone"`
	ID       string    `json:"id"`
	History  []Event   `json:"history"` // the oldest first
}

// Event is something in the life of an instance.
type Event struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// leasesOfInstance bounds the number of leases that are read for a hostname.
const leasesOfInstance = 100

func (p *page) instance(ctx context.Context, key string) (view, error) {
	found, err := p.records.Instances(ctx, key)
	if err != nil {
		return view{}, err
	}
	if len(found) == 0 {
		return view{}, errNotFound
	}
	i, now := found[0].Value, p.Now().UTC()
	leases, err := p.looks.OfHost(ctx, i.Hostname, leasesOfInstance)
	return view{"instance", i.Hostname, now, &InstanceView{
		At: now, Instance: instanceOf(i, now), URL: i.URL, Project: i.Project, Zone: i.Zone, ID: i.ID, History: history(i, leases, now),
	}}, err
}

// history returns the events in the life of an instance, by its record and its
// leases.
func history(i fleet.Instance, leases []leasing.Lease, now time.Time) []Event {
	var events []Event
	add := func(at time.Time, what string) {
		if !at.IsZero() {
			events = append(events, Event{At: at.UTC(), What: what})
		}
	}
	add(i.FoundAt, "found: its VM was seen for the first time")
	add(i.CatalogedAt, "offered to the catalog")
	for _, lease := range leases {
		if lease.Instance() != "" && lease.Instance() != i.Key() {
			continue // another machine of the same name
		}
		end := ", without an end"
		if !lease.ExpiresAt.IsZero() {
			end = " until " + fleet.Clock(lease.ExpiresAt, now)
		}
		if !lease.EndedAt.IsZero() {
			end = ""
		}
		add(lease.FulfilledAt, "leased to "+lease.Owner+end)
		add(lease.EndedAt, "the lease ended: "+string(lease.Ending))
	}
	add(i.MissingSince, "missing in the catalog")
	asked := "Compute Engine was asked to delete it"
	if i.DeletionAttempts > 1 {
		asked += ", " + fleet.Many(i.DeletionAttempts, "time") + " by now"
	}
	if i.Reason != "" {
		asked += " (" + i.Reason + ")"
	}
	add(i.DeletionRequested, asked)
	add(i.DeletedAt, "gone")
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
	return events
}

// LeasesView lists leases.
type LeasesView struct {
	At     time.Time `json:"at"`
	Which  string    `json:"which"` // waiting or running
	Leases []Lease   `json:"leases"`
	Next   string    `json:"next,omitempty"`
}

// Lease is a request for a machine, or a machine's lease.
type Lease struct {
	RequestID  string    `json:"request_id"`
	Owner      string    `json:"owner"`
	Dimensions []string  `json:"dimensions"`
	Requested  time.Time `json:"requested,omitzero"`
	Waiting    time.Time `json:"waiting_since,omitzero"`
	Fulfilled  time.Time `json:"fulfilled,omitzero"`
	Expires    time.Time `json:"expires,omitzero"` // zero: it has no end
	Hostname   string    `json:"hostname,omitempty"`
	Instance   string    `json:"instance,omitempty"` // its address: ?instance=KEY
}

func (p *page) leases(ctx context.Context, which, after string) (view, error) {
	v := &LeasesView{At: p.Now().UTC(), Which: cmp.Or(which, "waiting"), Leases: []Lease{}}
	var found []leasing.Lease
	var err error
	switch v.Which {
	case "waiting":
		if found, err = p.looks.Waiting(ctx, rowsPerPage, after); len(found) == rowsPerPage {
			v.Next = found[len(found)-1].Hash
		}
	case "running":
		found, v.Next, err = p.looks.Running(ctx, rowsPerPage, after)
	default:
		return view{}, errNotFound
	}
	for _, lease := range found {
		v.Leases = append(v.Leases, Lease{
			RequestID: lease.RequestID, Owner: lease.Owner, Dimensions: append([]string{}, lease.Dimensions.Terms()...),
			Requested: lease.RequestedAt, Waiting: lease.WaitingSince, Fulfilled: lease.FulfilledAt, Expires: lease.ExpiresAt,
			Hostname: lease.Hostname, Instance: lease.Instance(),
		})
	}
	return view{"leases", "Leases " + v.Which, v.At, v}, err
}

// Problem is a request that was refused or failed.
type Problem struct {
	At      time.Time `json:"at"`
	Problem httpError `json:"error"`
}
