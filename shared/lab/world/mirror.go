package world

import (
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// mirror is the decoded content of the store, which the invariants are checked
// against. Every commit updates it.
type mirror struct {
	invariants.Records
	cataloged map[string]string // the instance of each machine, by its document
	frozen    map[string]int    // the frozen pools, each with the task since which it is frozen
	maxima    invariants.Maxima
}

func newMirror() mirror {
	return mirror{Records: invariants.NewRecords(), cataloged: map[string]string{}, maxima: invariants.Maxima{}}
}

// Broken returns the first invariant that was broken; nil while all hold.
func (w *World) Broken() *invariants.Violation { return w.broken }

// Break records that an invariant is broken, unless another one was before.
func (w *World) Break(invariant, detail string) {
	if w.broken != nil {
		return
	}
	w.Note("BROKEN %s", invariant+": "+detail)
	w.broken = &invariants.Violation{Invariant: invariant, Detail: detail}
}

// check counts a check of an invariant.
func (w *World) check(invariant string) { w.Stats.Checked[invariant]++ }

// absorb adds the findings about a view to the world's.
func (w *World) absorb(found invariants.Findings) {
	for invariant, n := range found.Checked {
		w.Stats.Checked[invariant] += n
	}
	for _, violation := range found.Broken {
		w.Break(violation.Invariant, violation.Detail)
	}
}

// view returns a view of the world as it is now. It leaves out Held: every
// commit is checked before its answer arrives, so the leases say what lessees
// hold.
func (w *World) view() invariants.View {
	state := w.Cloud.State()
	return invariants.View{
		Records: w.mirror.Records, Groups: state.Groups, VMs: w.Cloud.VMs(), TemplateCount: state.Templates - w.foreignTemplates, Disks: state.Disks,
		Maxima: w.maxima(), ByHand: w.users.deleted, Now: w.clock, Apart: w.apart(), EveryCommit: true, Late: true,
	}
}

// committed applies a commit to the mirror, and checks what it changed.
func (w *World) committed(writes []store.Write) {
	before, m := invariants.NewRecords(), &w.mirror
	for _, write := range writes {
		segments := strings.Split(string(write.Key), "/")
		id := segments[len(segments)-1]
		switch segments[len(segments)-2] {
		case "machines":
			w.machine(id, write, before)
		case "leases":
			if was, is := take(w, m.Leases, before.Leases, id, write); is.Running() && !was.Running() {
				w.Stats.Leases++
			}
		case "instances":
			was, is := take(w, m.Instances, before.Instances, id, write)
			w.givenUp(was, is)
		case "managers":
			key := fleet.ManagerKey{BaseName: segments[1], Revision: segments[3], Zone: segments[5]}
			was, is := take(w, m.Managers, before.Managers, key, write)
			w.frozenState(key.BaseName, "manager "+key.String(), was.State, is.State)
			if was.State == fleet.Active && (is.State != fleet.Active || is.MaximumSize != was.MaximumSize) {
				m.maxima.Over(key.Pool(), was.MaximumSize, w.clock)
			}
		case "revisions":
			was, is := take(w, m.Revisions, before.Revisions, fleet.TemplateName(segments[1], segments[3]), write)
			w.frozenState(segments[1], "revision "+segments[3], was.State, is.State)
		case "instanceTemplates":
			take(w, m.Templates, before.Templates, id, write)
		case "config":
			w.configured(write)
		case "orphans":
			take(w, m.Orphans, before.Orphans, id, write)
		}
	}
	view := invariants.View{Records: m.Records, Now: w.clock, Apart: w.apart(), EveryCommit: true}
	if len(before.Managers)+len(before.Leases) > 0 { // only these are compared with Compute Engine
		view = w.view()
	}
	w.absorb(view.Step(before))
}

// take decodes a document into the mirror, and saves its previous state in
// before. It returns the previous and the new state; the new state of a removed
// document is the zero value.
func take[K comparable, T any](w *World, into, before map[K]T, key K, write store.Write) (was, is T) {
	was = into[key]
	before[key] = was
	if write.Fields == nil {
		delete(into, key)
		return was, is
	}
	if err := store.Decode(write.Fields, &is); err != nil {
		w.Break(invariants.KnownState, string(write.Key)+" does not decode: "+err.Error())
	}
	into[key] = is
	return was, is
}

// machine applies a write to a machine, whose document may pass to another
// instance.
func (w *World) machine(id string, write store.Write, before invariants.Records) {
	m := &w.mirror
	if instance, known := m.cataloged[id]; known {
		take(w, m.Machines, before.Machines, instance, store.Write{Key: write.Key})
		delete(m.cataloged, id)
	}
	if write.Fields == nil {
		return
	}
	decoded := map[string]leasing.Machine{}
	_, is := take(w, decoded, map[string]leasing.Machine{}, id, write)
	if !is.Entry() {
		return
	}
	instance := is.Instance()
	if _, changed := before.Machines[instance]; !changed {
		before.Machines[instance] = m.Machines[instance]
	}
	m.Machines[instance], m.cataloged[id] = is, instance
}

// maxima returns the largest maximum size of each pool that a run may still use.
func (w *World) maxima() map[fleet.PoolKey]int {
	inForce := map[fleet.PoolKey]int{}
	for key, manager := range w.mirror.Managers {
		if manager.State == fleet.Active {
			inForce[key.Pool()] = max(inForce[key.Pool()], manager.MaximumSize)
		}
	}
	return w.mirror.maxima.With(inForce, w.clock)
}

// apart returns how far a clock may be ahead of the world's.
func (w *World) apart() time.Duration {
	if w.Options.Faults[ClocksApart] > 0 {
		return mostApart
	}
	return time.Second
}
