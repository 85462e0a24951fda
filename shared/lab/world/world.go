// Package world is the whole suite in one process with everything around it —
// Compute Engine, the Machine Provider, the store, the topics, people and
// lessees — on a clock and a source of randomness of its own, so that a seed
// decides all that happens and in which order. The tests of the jobs and the
// simulation run in it.
package world

import (
	"cmp"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/access"
)

// Names in the world.
const (
	Project    = "pool-project" // holds the topics and the VMs
	Deployment = "gce-backend"
	Backend    = "backend@example.com"
	Lessee     = "lessee@example.com"
	provider   = "machine-provider"
)

// Suite is the system that runs in a world. It is passed in because only
// composition roots may import the jobs.
type Suite struct {
	Jobs     []job.Job
	Manifest manifest.Manifest
	// MachineProvider makes the Machine Provider's handler. It is made anew for
	// each call, as if each were served by a process of its own.
	MachineProvider func(MachineProvider) http.Handler
}

// MachineProvider is what the Machine Provider is given.
type MachineProvider struct {
	Store    store.Store
	Publish  event.Publisher
	Settings access.Source
	Limits   func() leasing.Limits
	Now      func() time.Time
	Rand     *rand.Rand
	Log      *slog.Logger
}

// Options configure a world.
type Options struct {
	Seed   uint64
	Faults Faults
	Plant  Plant
	// Trace keeps the trace of what happens; a world without one is faster.
	Trace bool
	// Latency is the longest delivery time of a message without faults; 1 s when
	// zero.
	Latency time.Duration
	// OperationTime and BootTime configure Compute Engine; 2 s and 20 s when
	// zero.
	OperationTime, BootTime time.Duration
	// NoEvents drops all messages but ticks.
	NoEvents bool
	// Zones are the zones of Compute Engine; the package's Zones when nil.
	Zones []string
	// Serial runs one task to its end before the next begins.
	Serial bool
}

// Plant puts a bug between a job and the outside, to show that the world's
// checks find it. The zero value plants none.
type Plant struct {
	Name string
	// Dependencies changes what a job is given.
	Dependencies func(jobName string, deps job.Dependencies) job.Dependencies
}

// begin is the time at which every world begins.
var begin = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// World is one world. It is not safe for concurrent use: everything in it
// happens one after another.
type World struct {
	Options   Options
	Cloud     *simulator.Cloud
	Documents *memory.Store
	Config    *Configuration
	Stats     Stats

	suite    Suite
	rand     *rand.Rand
	clock    time.Time
	plan     []planned
	tasks    tasks
	mail     mail
	runners  map[string]*runner
	engine   *rest.Engine
	log      *slog.Logger
	trace    trace
	mirror   mirror
	users    users
	fault    faultState
	broken   *invariants.Violation
	hang     func(task, call string) bool
	hung     []*task
	requests map[string]bool // the ids of requests to Compute Engine that change something
	load     load
	// foreignTemplates counts the templates in Compute Engine that are not ours.
	foreignTemplates int
	// snapshots counts the snapshots that were taken.
	snapshots int
	forgotten forgotten
}

// New makes a world in which nothing happens yet: see Tick and Run.
func New(suite Suite, options Options) *World {
	if options.Zones == nil {
		options.Zones = Zones
	}
	options.Latency = cmp.Or(options.Latency, time.Second)
	options.OperationTime = cmp.Or(options.OperationTime, 2*time.Second)
	options.BootTime = cmp.Or(options.BootTime, 20*time.Second)
	w := &World{Options: options, suite: suite, clock: begin, rand: newRand(options.Seed)}
	w.trace.keep = options.Trace
	w.tasks.parked, w.tasks.all = make(chan struct{}), map[*task]bool{}
	w.Stats = Stats{Faults: map[Kind]int{}, Checked: map[string]int{}}
	w.log = slog.New(logHandler{world: w})
	w.Documents = memory.New(w.Now)
	w.mirror = newMirror()
	w.requests, w.load = map[string]bool{}, newLoad()
	w.users.deleted = map[[2]string]bool{}
	w.forgotten = forgotten{instances: map[string]bool{}, cost: map[string]int{}}
	w.fault.providerApart = w.fault.skew(w)
	w.Cloud = simulator.New(simulator.Options{
		Now: w.Now, Rand: w.rand, Sleep: w.sleep, OperationTime: options.OperationTime,
		BootTime: options.BootTime, BootJitter: options.BootTime / 2, OnActivity: w.activity, Fault: w.computeFault,
		Zones: options.Zones, NoSnapshotLimit: true, // a pool of many VMs with a snapshot would take hours to converge
	})
	w.engine = rest.New(rest.Options{HTTPClient: &http.Client{Transport: computeTransport{w}}, Endpoint: "http://compute.test",
		RequestsPerMinute: 1500, Now: w.Now, Sleep: w.sleep, Rand: w.rand.Float64})
	w.Config = newConfiguration(w)
	w.mail = newMail(w)
	w.runners = newRunners(w)
	return w
}

func newRand(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) //nolint:gosec // it is to be reproducible
}

// Now returns the world's time.
func (w *World) Now() time.Time { return w.clock }

// Close ends all tasks.
func (w *World) Close() { w.tasks.drain(w) }
