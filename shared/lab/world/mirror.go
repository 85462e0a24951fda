package world

import (
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// mirror is what the store holds, decoded: what the invariants are checked by.
// It is kept up to date with every commit.
type mirror struct {
	machines  map[store.Key]leasing.Machine
	leases    map[store.Key]leasing.Lease
	offers    map[string]store.Key          // the machine of an instance
	holders   map[string]map[store.Key]bool // the running leases of an instance
	instances map[string]fleet.Instance     // by the instance's key
	managers  map[fleet.ManagerKey]fleet.Manager
	revisions map[[2]string]fleet.Revision
	templates map[string]fleet.TemplateRecord
	orphans   map[store.Key]bool
	frozen    map[string]int // the pools that are, and since which task
	// maxima are what a template's maximum in a zone was, lately.
	maxima map[[2]string][]maximum
}

type maximum struct {
	size  int
	until time.Time
}

func newMirror() mirror {
	return mirror{
		machines: map[store.Key]leasing.Machine{}, leases: map[store.Key]leasing.Lease{},
		offers: map[string]store.Key{}, holders: map[string]map[store.Key]bool{}, instances: map[string]fleet.Instance{},
		managers: map[fleet.ManagerKey]fleet.Manager{}, revisions: map[[2]string]fleet.Revision{},
		templates: map[string]fleet.TemplateRecord{}, orphans: map[store.Key]bool{}, maxima: map[[2]string][]maximum{},
	}
}

// committed takes a commit over, and checks what it changed.
func (w *World) committed(writes []store.Write) {
	c := commit{world: w, before: map[store.Key]leasing.Machine{}}
	for _, write := range writes {
		segments := strings.Split(string(write.Key), "/")
		switch segments[len(segments)-2] {
		case "machines":
			c.machine(write)
		case "leases":
			c.lease(write)
		case "instances":
			c.instance(write, segments[1])
		case "managers":
			c.manager(write, fleet.ManagerKey{BaseName: segments[1], Revision: segments[3], Zone: segments[5]})
		case "revisions":
			c.revision(write, [2]string{segments[1], segments[3]})
		case "instanceTemplates":
			take(w, w.mirror.templates, segments[1], write)
		case "config":
			c.configured(write)
		case "orphans":
			w.mirror.orphans[write.Key] = true
			if write.Fields == nil {
				delete(w.mirror.orphans, write.Key)
			}
		}
	}
	c.check()
}

// take decodes a document into the mirror.
func take[K comparable, T any](w *World, into map[K]T, key K, write store.Write) (was, is T, ok bool) {
	was = into[key]
	if write.Fields == nil {
		delete(into, key)
		return was, is, false
	}
	if err := store.Decode(write.Fields, &is); err != nil {
		w.Break(KnownState, string(write.Key)+" does not decode: "+err.Error())
	}
	into[key] = is
	return was, is, true
}

// commit is one commit under check.
type commit struct {
	world  *World
	before map[store.Key]leasing.Machine // the machines that it changed, as they were
	began  []leasing.Lease               // the leases that run since
	ended  []leasing.Lease               // the leases that ended in it
}

func (c *commit) machine(write store.Write) {
	m := &c.world.mirror
	was, is, ok := take(c.world, m.machines, write.Key, write)
	c.before[write.Key] = was
	if m.offers[was.Policies.Instance()] == write.Key {
		delete(m.offers, was.Policies.Instance())
	}
	if ok && is.Entry() {
		m.offers[is.Policies.Instance()] = write.Key
	}
}

func (c *commit) lease(write store.Write) {
	was, is, ok := take(c.world, c.world.mirror.leases, write.Key, write)
	switch {
	case ok && is.Running() && !was.Running():
		c.world.Stats.Leases++
		c.began = append(c.began, is)
		c.world.mirror.hold(is.Instance(), write.Key)
	case was.Running() && !is.Running():
		c.ended = append(c.ended, is)
		delete(c.world.mirror.holders[was.Instance()], write.Key)
	}
}

func (m *mirror) hold(instance string, lease store.Key) {
	if m.holders[instance] == nil {
		m.holders[instance] = map[store.Key]bool{}
	}
	m.holders[instance][lease] = true
}

func (c *commit) instance(write store.Write, key string) {
	was, is, ok := take(c.world, c.world.mirror.instances, key, write)
	c.world.checkInstance(key, was, is, ok)
	if ok {
		c.world.givenUp(was, is)
	}
}

func (c *commit) manager(write store.Write, key fleet.ManagerKey) {
	was, is, ok := take(c.world, c.world.mirror.managers, key, write)
	c.world.checkManager(key, is, ok)
	if ok {
		c.world.frozenState(key.BaseName, "manager "+key.String(), was.State, is.State)
	}
	c.world.noteMaximum(key, was, is)
}

func (c *commit) revision(write store.Write, key [2]string) {
	was, is, ok := take(c.world, c.world.mirror.revisions, key, write)
	c.world.check(KnownState)
	if ok {
		c.world.frozenState(key[0], "revision "+key[1], was.State, is.State)
	}
	if ok && (is.State != fleet.Active && is.State != fleet.Drained || is.State == fleet.Active && is.Deleting) {
		c.world.Break(KnownState, "revision "+key[0]+"/"+key[1]+" is "+string(is.State)+", being deleted")
	}
}

// noteMaximum remembers a maximum that is over, for as long as a run may still
// go by it.
func (w *World) noteMaximum(key fleet.ManagerKey, was, is fleet.Manager) {
	const memory = 10 * time.Minute
	if was.State != fleet.Active || is.State == fleet.Active && is.MaximumSize == was.MaximumSize {
		return
	}
	place := [2]string{key.BaseName, key.Zone}
	w.mirror.maxima[place] = append(w.mirror.maxima[place], maximum{size: was.MaximumSize, until: w.clock.Add(memory)})
}

// maximumOf is the greatest size that a run may go by now.
func (w *World) maximumOf(base, zone string) int {
	most := 0
	for key, manager := range w.mirror.managers {
		if key.BaseName == base && key.Zone == zone && manager.State == fleet.Active {
			most = max(most, manager.MaximumSize)
		}
	}
	for _, m := range w.mirror.maxima[[2]string{base, zone}] {
		if m.until.After(w.clock) {
			most = max(most, m.size)
		}
	}
	return most
}

// activeLease is the lease that a lessee holds on the instance now.
func (w *World) activeLease(instance string) (leasing.Lease, bool) {
	machine, ok := w.offered(instance)
	if !ok || machine.State != leasing.OnLease {
		return leasing.Lease{}, false
	}
	lease := w.mirror.leases[leaseKey(machine.Lease)]
	return lease, lease.Running() && (lease.ExpiresAt.IsZero() || lease.ExpiresAt.After(w.clock.Add(w.apart())))
}

// offered finds the catalog's entry of an instance.
func (w *World) offered(instance string) (leasing.Machine, bool) {
	key, ok := w.mirror.offers[instance]
	return w.mirror.machines[key], ok
}

func leaseKey(hash string) store.Key { return store.MustKey("leases", hash) }

// apart is how far a clock may be ahead of the world's.
func (w *World) apart() time.Duration {
	if w.Options.Faults[ClocksApart] > 0 {
		return mostApart
	}
	return time.Second
}
