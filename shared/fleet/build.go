package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Sizes bound a manager's group.
type Sizes struct{ Minimum, Maximum int }

// Wish is the wanted state of one template, from the configuration.
type Wish struct {
	BaseName string
	// Spec is nil when the template is not configured.
	Spec  *TemplateSpec
	Zones map[string]Sizes
}

// Digest returns a hash of the wish; "" if the template is not configured.
func (w Wish) Digest() string {
	if w.Spec == nil {
		return ""
	}
	text, err := json.Marshal(struct {
		Revision string
		Zones    map[string]Sizes
	}{w.Spec.RevisionID(), w.Zones})
	if err != nil { // strings and numbers can always be written
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Records are all records of one template.
type Records struct {
	Template  TemplateRecord
	Revisions map[string]Revision // by id
	Managers  map[ManagerKey]Manager
}

// Build decides the template's records: the configured revision is active and
// all others are drained; its managers in the configured zones are active, at
// the configured sizes, and all others are drained. A drained record that is
// configured again is reactivated and keeps its URL, except while its resource
// is being deleted: then it stays drained until the URL is cleared. The managers
// of such a revision stay drained too, because their groups would keep the
// revision's template from being deleted. As long as a record stays drained for
// that reason, the template gets no digest, so that it is built again.
func Build(have Records, wish Wish) Records {
	built := Records{
		Template:  TemplateRecord{BaseName: wish.BaseName, Digest: wish.Digest()},
		Revisions: map[string]Revision{},
		Managers:  map[ManagerKey]Manager{},
	}
	for id, revision := range have.Revisions {
		revision.State = Drained
		built.Revisions[id] = revision
	}
	for key, manager := range have.Managers {
		manager.State = Drained
		built.Managers[key] = manager
	}
	if wish.Spec == nil {
		return built
	}
	built.Template.ActiveRevision = wish.Spec.RevisionID()
	built.activateRevision(wish)
	for zone, sizes := range wish.Zones {
		built.activateManager(wish, zone, sizes)
	}
	return built
}

func (r *Records) activateRevision(wish Wish) {
	id := r.Template.ActiveRevision
	revision, ok := r.Revisions[id]
	if !ok {
		revision = Revision{BaseName: wish.BaseName, ID: id, Spec: *wish.Spec}
	}
	revision.State, revision.Spec = Active, *wish.Spec // an adopted revision has only its project
	if revision.Deleting {
		revision.State, r.Template.Digest = Drained, ""
	}
	r.Revisions[id] = revision
}

func (r *Records) activateManager(wish Wish, zone string, sizes Sizes) {
	key := ManagerKey{BaseName: wish.BaseName, Revision: r.Template.ActiveRevision, Zone: zone}
	manager, ok := r.Managers[key]
	if !ok {
		manager = Manager{BaseName: key.BaseName, Revision: key.Revision, Zone: zone, Project: wish.Spec.Project}
	}
	manager.MinimumSize, manager.MaximumSize, manager.State = sizes.Minimum, sizes.Maximum, Active
	if manager.Deleting || r.Revisions[key.Revision].Deleting {
		manager.State, r.Template.Digest = Drained, ""
	}
	r.Managers[key] = manager
}

// Stamp sets the time at which each record was drained, which Build does not
// know.
func (r Records) Stamp(have Records, now time.Time) Records {
	for id, revision := range r.Revisions {
		revision.DrainedAt = drainedAt(have.Revisions[id].State, revision.State, revision.DrainedAt, now)
		r.Revisions[id] = revision
	}
	for key, manager := range r.Managers {
		manager.DrainedAt = drainedAt(have.Managers[key].State, manager.State, manager.DrainedAt, now)
		r.Managers[key] = manager
	}
	return r
}

func drainedAt(was, is State, at, now time.Time) time.Time {
	switch {
	case is != Drained:
		return time.Time{}
	case was != Drained:
		return now
	}
	return at
}
