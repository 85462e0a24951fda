package world

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// The defaults of a trial.
const (
	DefaultVMs   = 12
	DefaultSteps = 40
)

// Trial is one seeded world in which things go wrong for a while, and which
// must then come to rest.
type Trial struct {
	Seed uint64
	// VMs is the approximate number of VMs; DefaultVMs when zero.
	VMs int
	// Steps is the number of minutes with faults; DefaultSteps when zero.
	Steps int
	// Sweeps is the number of minutes after that within which the world must
	// equal its configuration; 150 when zero.
	Sweeps int
	Trace  bool
	Plant  Plant
	// Only lists the kinds of faults to choose from; all when nil.
	Only []Kind
	// All uses every kind in Only, instead of choosing some.
	All bool
}

// Outcome is the result of a trial.
type Outcome struct {
	Seed   uint64
	Broken *invariants.Violation
	Stats  Stats
	Digest uint64
	// Took is how long the world took to come to rest.
	Took  time.Duration
	Trace string
}

// Run runs a trial.
func (t Trial) Run(suite Suite) Outcome {
	t.VMs, t.Steps, t.Sweeps = cmp.Or(t.VMs, DefaultVMs), cmp.Or(t.Steps, DefaultSteps), cmp.Or(t.Sweeps, 150)
	w := New(suite, Options{Seed: t.Seed, Trace: t.Trace, Plant: t.Plant, Faults: t.faults()})
	defer w.Close()
	c := chaos{World: w, vms: t.VMs, mood: moods[w.rand.IntN(len(moods))]}
	c.begin()
	for range t.Steps {
		c.minute()
	}
	w.Calm()
	c.mend()
	c.releaseAll(3)
	took := w.Converge(t.Sweeps + c.patience())
	c.releaseAll(0)
	w.StaysQuiet(2)
	return Outcome{Seed: t.Seed, Broken: w.broken, Stats: w.Stats, Digest: w.Digest(), Took: took, Trace: w.Trace(0)}
}

// chaos acts on a world as users and operators do.
type chaos struct {
	*World
	vms    int
	mood   mood
	leases []string
}

// mood holds the relative frequencies of what users do: lease, end a lease,
// renew, change the configuration, force a job, delete by hand, preempt, repair.
// busy determines how many of these they do in a minute.
type mood struct {
	often [8]int
	busy  int
}

var moods = []mood{
	{often: [8]int{40, 20, 6, 10, 4, 6, 6, 8}, busy: 3},   // a working day
	{often: [8]int{20, 10, 2, 50, 4, 4, 4, 6}, busy: 4},   // somebody tries configurations
	{often: [8]int{20, 15, 5, 5, 3, 20, 16, 16}, busy: 4}, // VMs come and go
	{often: [8]int{50, 40, 4, 2, 1, 1, 1, 1}, busy: 8},    // short leases
}

// begin makes the first configuration, and the foreign resources.
func (c *chaos) begin() {
	c.makeForeign()
	c.Config.Set(func(config *Configuration) {
		for i := range 1 + c.rand.IntN(3) {
			config.Pools[fmt.Sprintf("pool%d", i)] = c.pool()
		}
	})
}

func (c *chaos) pool() Pool {
	pool := Pool{Variant: 1 + c.rand.IntN(3), Snapshot: c.rand.IntN(4) == 0, Zones: map[string]fleet.Sizes{}}
	for range 1 + c.rand.IntN(2) {
		pool.Zones[Zones[c.rand.IntN(len(Zones))]] = c.sizes()
	}
	return pool
}

func (c *chaos) sizes() fleet.Sizes {
	minimum := c.rand.IntN(c.vms/3 + 1)
	return fleet.Sizes{Minimum: minimum, Maximum: minimum + c.rand.IntN(c.vms/3+1)}
}

// minute runs one minute of the world.
func (c *chaos) minute() {
	if c.broken != nil {
		return
	}
	c.Tick()
	if c.rand.IntN(8) == 0 {
		c.snapshot(fmt.Sprintf("pool%d", c.rand.IntN(4)))
	}
	if c.roll(ProviderEmptied) {
		c.EmptyProvider()
	}
	end := c.clock.Truncate(time.Minute).Add(time.Minute)
	for range c.rand.IntN(c.mood.busy + 1) {
		c.RunUntil(c.clock.Add(time.Duration(c.rand.Int64N(int64(end.Sub(c.clock))))))
		if c.broken == nil {
			c.act()
		}
	}
	c.RunUntil(end)
}

// act does one thing that somebody might do.
func (c *chaos) act() {
	acts := [8]func(){
		c.lease, c.endLease, c.renew, c.configure, c.force, c.byHand,
		func() { c.befall(Preempted, "preempted: VM %s", c.Cloud.Preempt) },
		func() { c.befall(Repaired, "repaired: VM %s", c.Cloud.RepairVM) },
	}
	sum := 0
	for _, n := range c.mood.often {
		sum += n
	}
	n := c.rand.IntN(sum)
	for i, often := range c.mood.often {
		if n < often {
			acts[i]()
			return
		}
		n -= often
	}
}

func (c *chaos) lease() {
	lengths := []int{0, 60, 300, 900, 1800}
	c.leases = append(c.leases, c.Lease(lengths[c.rand.IntN(len(lengths))]))
}

// endLease releases a machine, or cancels a request, for a lessee.
func (c *chaos) endLease() {
	if len(c.leases) == 0 {
		return
	}
	i := c.rand.IntN(len(c.leases))
	c.Release(c.leases[i])
	c.leases = slices.Delete(c.leases, i, i+1)
}

func (c *chaos) renew() {
	if len(c.leases) > 0 {
		c.Call("renew", map[string]any{"request_id": c.leases[c.rand.IntN(len(c.leases))], "duration": fmt.Sprint(60 + c.rand.IntN(1200))}, nil)
	}
}

// releaseAll releases all leases that have an end, except for some.
func (c *chaos) releaseAll(but int) {
	var ids []string
	for _, lease := range c.mirror.Leases {
		if lease.EndedAt.IsZero() && !lease.Indefinite() {
			ids = append(ids, lease.RequestID)
		}
	}
	slices.Sort(ids)
	for _, id := range ids[min(but, len(ids)):] {
		c.Release(id)
	}
}

// force publishes to a job's topic.
func (c *chaos) force() {
	names := c.suite.Manifest.Names()
	name := names[c.rand.IntN(len(names))]
	if c.runners[name] != nil {
		c.Post(name, []string{"", "{}", `""`, `{"baseName":"pool0"}`, `{"zone":"us-central1-a"}`, "no json"}[c.rand.IntN(6)])
	}
}

// byHand deletes a VM or, occasionally, a group, as an operator does in the
// console.
func (c *chaos) byHand() {
	vms := c.Cloud.VMs()
	if len(vms) == 0 {
		return
	}
	vm := vms[c.rand.IntN(len(vms))]
	if c.rand.IntN(10) == 0 && vm.Group != "" && !strings.HasPrefix(vm.Group, invariants.Foreign) {
		c.DeleteGroup(vm.Zone, vm.Group)
		return
	}
	c.Note("by hand: delete VM %s", vm.Name)
	_ = c.Cloud.DeleteVM(vm.Project, vm.Zone, vm.Name) // it may be in deletion already
}

// befall makes a fault happen to a random VM.
func (c *chaos) befall(kind Kind, note string, happen func(project, zone, name string) error) {
	vms := c.Cloud.VMs()
	if len(vms) > 0 && c.roll(kind) {
		vm := vms[c.rand.IntN(len(vms))]
		c.Note(note, vm.Name)
		_ = happen(vm.Project, vm.Zone, vm.Name) // it may be in deletion already
	}
}

// faults chooses the faults of a trial: some kinds, each more or less often.
func (t Trial) faults() Faults {
	r := newRand(t.Seed + 1)
	kinds := t.Only
	if kinds == nil {
		kinds = Kinds
	}
	faults := Faults{}
	for _, kind := range kinds {
		chosen, strength := r.IntN(3) == 0, 0.25+1.5*r.Float64()
		if chosen || t.All {
			faults[kind] = usual[kind] * strength
		}
	}
	return faults
}
