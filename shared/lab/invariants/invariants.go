// Package invariants holds what must be true of the suite whatever fails, as
// pure functions over a view of its records and of Compute Engine. The simulated
// world makes a view for each commit and each request; the test that kills the
// suite makes one from what it reads from outside.
package invariants

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// The invariants that always hold.
const (
	LeasedStays    = "no leased machine is deleted or taken out of the catalog by us"
	OneLessee      = "no machine has two lessees"
	WithinMaximum  = "the VMs of a template in a zone never exceed its maximum"
	NeverLowered   = "no resize lowers a target"
	OnlyOurs       = "nothing without our ownership label is touched"
	ActiveStays    = "no deletion of a group or template that is active"
	KnownState     = "stored state is one that the state machine knows, and changes as it says"
	DeletedForGood = "no VM id that was deleted becomes leasable again"
	NoPanic        = "no panic"
	WholeConfig    = "half of an upload is never in force"
	FrozenStays    = "a frozen pool is left as it is"
	BrakeHolds     = "a Machine Provider that knows nothing costs no more than the brake's share"
)

// The invariants that hold once faults have stopped.
const (
	Converges = "the world equals the configuration"
	Quiet     = "a further sweep changes and writes nothing"
)

// Violation is a broken invariant.
type Violation struct{ Invariant, Detail string }

func (v Violation) Error() string { return v.Invariant + ": " + v.Detail }

// Records are the records of a suite.
type Records struct {
	Templates map[string]fleet.TemplateRecord
	Revisions map[string]fleet.Revision // by the template's name in Compute Engine
	Managers  map[fleet.ManagerKey]fleet.Manager
	Instances map[string]fleet.Instance  // by the instance's key
	Machines  map[string]leasing.Machine // by the instance's key
	Leases    map[string]leasing.Lease   // by hash
	Orphans   map[string]struct{}
}

// NewRecords returns empty records.
func NewRecords() Records {
	return Records{
		Templates: map[string]fleet.TemplateRecord{}, Revisions: map[string]fleet.Revision{}, Managers: map[fleet.ManagerKey]fleet.Manager{},
		Instances: map[string]fleet.Instance{}, Machines: map[string]leasing.Machine{}, Leases: map[string]leasing.Lease{},
		Orphans: map[string]struct{}{},
	}
}

// View is the state of everything at one moment.
type View struct {
	Records
	Groups        []simulator.GroupState
	VMs           []simulator.VM
	TemplateCount int // templates of ours
	Disks         int
	// Held are machines that lessees were given and certainly have.
	Held []Holding
	// Maxima holds the largest maximum size of each pool that a job's run may
	// still use: the one in force, or an earlier one that the run read.
	Maxima map[fleet.PoolKey]int
	// ByHand holds the groups that somebody deleted by hand, by zone and name.
	ByHand map[[2]string]bool
	Now    time.Time
	// Apart is how far the clock of a run may be ahead.
	Apart time.Duration
	// EveryCommit says that each step is a single commit. Otherwise commits may
	// pass unseen, and the records were read one after the other: instances
	// before machines, machines before leases, leases before managers, and
	// Compute Engine last.
	EveryCommit bool
	// Late says that the last change was so long ago that everything kept for a
	// limited time must be gone.
	Late bool
}

// Holding is a machine that a lessee was given.
type Holding struct{ Request, Hash, Hostname, Instance string }

// Findings count the checks of each invariant, and list the violations.
type Findings struct {
	Checked map[string]int
	Broken  []Violation
}

// judge checks a view.
type judge struct {
	View
	Findings
}

func newJudge(v View) *judge { return &judge{View: v, Findings: Findings{Checked: map[string]int{}}} }

// holds counts a check of an invariant, and records a violation if ok is false.
func (j *judge) holds(invariant string, ok bool, format string, args ...any) {
	j.Checked[invariant]++
	if !ok {
		j.Broken = append(j.Broken, Violation{Invariant: invariant, Detail: fmt.Sprintf(format, args...)})
	}
}

// found returns the findings in a deterministic order.
func (j *judge) found() Findings {
	slices.SortFunc(j.Broken, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Invariant, b.Invariant), cmp.Compare(a.Detail, b.Detail))
	})
	return j.Findings
}

// Since returns what View.Step takes: the previous state of every record, which
// is the zero value for a new one.
func (r Records) Since(before Records) Records {
	return Records{
		Revisions: since(r.Revisions, before.Revisions), Managers: since(r.Managers, before.Managers), Leases: since(r.Leases, before.Leases),
		Instances: since(r.Instances, before.Instances), Machines: since(r.Machines, before.Machines),
	}
}

func since[K comparable, V any](now, before map[K]V) map[K]V {
	all := make(map[K]V, len(now))
	for key := range now {
		all[key] = before[key]
	}
	maps.Copy(all, before)
	return all
}

// KeyOf returns the key of a VM's instance.
func KeyOf(vm simulator.VM) string { return fleet.InstanceKey(vm.Name, strconv.FormatUint(vm.ID, 10)) }

// poolOf returns the pool of a group.
func poolOf(zone, group string) fleet.PoolKey {
	base, _, _ := fleet.SplitTemplateName(group)
	return fleet.PoolKey{BaseName: base, Zone: zone}
}
