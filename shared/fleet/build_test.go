package fleet

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"
)

// specA and specB are two revisions of one template; specB is in another
// project, which needs no special handling.
var (
	specA = TemplateSpec{Project: "p", MachineType: "e2-small"}
	specB = TemplateSpec{Project: "q", MachineType: "e2-medium"}
)

func wish(spec *TemplateSpec, zones map[string]Sizes) Wish {
	return Wish{BaseName: "linux", Spec: spec, Zones: zones}
}

func inZones(names ...string) map[string]Sizes {
	zones := map[string]Sizes{}
	for _, name := range names {
		zones[name] = Sizes{Minimum: 2, Maximum: 10}
	}
	return zones
}

func keyOf(spec TemplateSpec, zone string) ManagerKey {
	return ManagerKey{BaseName: "linux", Revision: spec.RevisionID(), Zone: zone}
}

// created sets the URLs that Compute Engine would give to all active records.
func created(r Records) Records {
	for id, revision := range r.Revisions {
		if revision.State == Active && revision.URL == "" {
			revision.URL, revision.SnapshotURL = "url of "+revision.TemplateName(), "snapshot of "+id
			r.Revisions[id] = revision
		}
	}
	for key, manager := range r.Managers {
		if manager.State == Active && manager.URL == "" {
			manager.URL, manager.Size = "url of "+key.String(), 7
			r.Managers[key] = manager
		}
	}
	return r
}

func TestBuildAnew(t *testing.T) {
	zones := map[string]Sizes{"a": {Minimum: 1, Maximum: 5}, "b": {Minimum: 0, Maximum: GroupLimit}}
	got := Build(Records{}, wish(&specA, zones))
	id := specA.RevisionID()
	want := Records{
		Template:  TemplateRecord{BaseName: "linux", ActiveRevision: id, Digest: wish(&specA, zones).Digest()},
		Revisions: map[string]Revision{id: {BaseName: "linux", ID: id, Spec: specA, Resource: Resource{State: Active}}},
		Managers: map[ManagerKey]Manager{
			keyOf(specA, "a"): {BaseName: "linux", Revision: id, Zone: "a", Project: "p", MinimumSize: 1, MaximumSize: 5, Resource: Resource{State: Active}},
			keyOf(specA, "b"): {BaseName: "linux", Revision: id, Zone: "b", Project: "p", MaximumSize: GroupLimit, Resource: Resource{State: Active}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestBuildStates(t *testing.T) {
	both := inZones("a", "b")
	a := created(Build(Records{}, wish(&specA, both)))
	ab := created(Build(a, wish(&specB, both)))
	for _, c := range []struct {
		name   string
		have   Records
		wish   Wish
		active string // revision
		states map[ManagerKey]State
	}{
		{"a new revision drains the other with its managers", a, wish(&specB, both), specB.RevisionID(), map[ManagerKey]State{
			keyOf(specA, "a"): Drained, keyOf(specA, "b"): Drained, keyOf(specB, "a"): Active, keyOf(specB, "b"): Active}},
		{"A comes back", ab, wish(&specA, both), specA.RevisionID(), map[ManagerKey]State{
			keyOf(specA, "a"): Active, keyOf(specA, "b"): Active, keyOf(specB, "a"): Drained, keyOf(specB, "b"): Drained}},
		{"a zone leaves", a, wish(&specA, inZones("a")), specA.RevisionID(), map[ManagerKey]State{
			keyOf(specA, "a"): Active, keyOf(specA, "b"): Drained}},
		{"A comes back with one zone of two and a new one", ab, wish(&specA, inZones("b", "c")), specA.RevisionID(), map[ManagerKey]State{
			keyOf(specA, "a"): Drained, keyOf(specA, "b"): Active, keyOf(specA, "c"): Active, keyOf(specB, "a"): Drained, keyOf(specB, "b"): Drained}},
		{"all zones leave", a, wish(&specA, nil), specA.RevisionID(), map[ManagerKey]State{
			keyOf(specA, "a"): Drained, keyOf(specA, "b"): Drained}},
		{"the template leaves", ab, wish(nil, nil), "", map[ManagerKey]State{
			keyOf(specA, "a"): Drained, keyOf(specA, "b"): Drained, keyOf(specB, "a"): Drained, keyOf(specB, "b"): Drained}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Build(c.have, c.wish)
			if got.Template.ActiveRevision != c.active || got.Template.Digest != c.wish.Digest() {
				t.Errorf("template %+v", got.Template)
			}
			for id, revision := range got.Revisions {
				if (revision.State == Active) != (id == c.active) {
					t.Errorf("revision %s is %s", id, revision.State)
				}
			}
			states := map[ManagerKey]State{}
			for key, manager := range got.Managers {
				states[key] = manager.State
			}
			if !maps.Equal(states, c.states) {
				t.Errorf("got  %v\nwant %v", states, c.states)
			}
		})
	}
}

// A record that is configured again is reactivated and not recreated.
func TestBuildBackAndForthKeepsEverything(t *testing.T) {
	both := inZones("a", "b")
	a := created(Build(Records{}, wish(&specA, both)))
	back := Build(created(Build(a, wish(&specB, both))), wish(&specA, both))
	for id, revision := range a.Revisions {
		if !reflect.DeepEqual(back.Revisions[id], revision) {
			t.Errorf("got  %+v\nwant %+v", back.Revisions[id], revision)
		}
	}
	for key, manager := range a.Managers {
		if back.Managers[key] != manager {
			t.Errorf("got  %+v\nwant %+v", back.Managers[key], manager)
		}
	}
	if back.Template != a.Template {
		t.Errorf("got  %+v\nwant %+v", back.Template, a.Template)
	}
}

func TestBuildSizesInPlace(t *testing.T) {
	a := created(Build(Records{}, wish(&specA, inZones("a"))))
	got := Build(a, wish(&specA, map[string]Sizes{"a": {Minimum: 5, Maximum: 50}})).Managers[keyOf(specA, "a")]
	want := a.Managers[keyOf(specA, "a")]
	want.MinimumSize, want.MaximumSize = 5, 50
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A record whose resource is being deleted is not reactivated before its URL is
// cleared; then it is built again.
func TestBuildWaitsForDeletion(t *testing.T) {
	zones := inZones("a", "b")
	deleting := func(change func(*Revision, *Manager)) Records {
		r := Build(created(Build(Records{}, wish(&specA, zones))), wish(nil, nil))
		revision, manager := r.Revisions[specA.RevisionID()], r.Managers[keyOf(specA, "a")]
		change(&revision, &manager)
		r.Revisions[revision.ID], r.Managers[manager.Key()] = revision, manager
		return r
	}
	t.Run("a manager", func(t *testing.T) {
		have := deleting(func(_ *Revision, m *Manager) { m.Deleting = true })
		got := Build(have, wish(&specA, zones))
		if m := got.Managers[keyOf(specA, "a")]; m.State != Drained || !m.Deleting {
			t.Errorf("the manager is %+v", m)
		}
		if m := got.Managers[keyOf(specA, "b")]; m.State != Active {
			t.Errorf("the other manager is %+v", m)
		}
		if got.Template.Digest != "" {
			t.Error("the template counts as built, so that nobody builds it again")
		}
		m := got.Managers[keyOf(specA, "a")]
		m.Deleting, m.URL = false, "" // the deletion is done
		got.Managers[m.Key()] = m
		again := Build(got, wish(&specA, zones))
		if m := again.Managers[keyOf(specA, "a")]; m.State != Active || again.Template.Digest != wish(&specA, zones).Digest() {
			t.Errorf("built again: %+v, %+v", m, again.Template)
		}
	})
	t.Run("a revision", func(t *testing.T) {
		have := deleting(func(r *Revision, _ *Manager) { r.Deleting = true })
		got := Build(have, wish(&specA, zones))
		if r := got.Revisions[specA.RevisionID()]; r.State != Drained || !r.Deleting || got.Template.Digest != "" {
			t.Errorf("the revision is %+v, the template %+v", r, got.Template)
		}
		for key, m := range got.Managers { // a group of theirs would keep the template from being deleted
			if m.State != Drained {
				t.Errorf("the manager %s is %s", key, m.State)
			}
		}
		r := got.Revisions[specA.RevisionID()]
		r.Deleting, r.URL = false, "" // the deletion is done
		got.Revisions[r.ID] = r
		again := Build(got, wish(&specA, zones))
		if m := again.Managers[keyOf(specA, "b")]; m.State != Active || again.Revisions[r.ID].State != Active {
			t.Errorf("built again: %+v, %+v", m, again.Revisions[r.ID])
		}
	})
	t.Run("of another revision", func(t *testing.T) {
		have := deleting(func(r *Revision, m *Manager) { r.Deleting, m.Deleting = true, true })
		if got := Build(have, wish(&specB, zones)); got.Template.Digest != wish(&specB, zones).Digest() {
			t.Error("a deletion of another revision keeps the template from counting as built")
		}
	})
}

func TestBuildLeavesItsInputAlone(t *testing.T) {
	have := created(Build(Records{}, wish(&specA, inZones("a"))))
	copied := Records{Template: have.Template, Revisions: maps.Clone(have.Revisions), Managers: maps.Clone(have.Managers)}
	Build(have, wish(&specB, inZones("b")))
	if !reflect.DeepEqual(have, copied) {
		t.Error("Build changed what it was given")
	}
}

func TestDigest(t *testing.T) {
	base := wish(&specA, inZones("a", "b")).Digest()
	if same := wish(&specA, inZones("b", "a")).Digest(); same != base {
		t.Error("the order of zones matters")
	}
	for name, other := range map[string]Wish{
		"another revision": wish(&specB, inZones("a", "b")),
		"a zone less":      wish(&specA, inZones("a")),
		"another size":     wish(&specA, map[string]Sizes{"a": {Minimum: 2, Maximum: 10}, "b": {Minimum: 3, Maximum: 10}}),
		"no zones":         wish(&specA, nil),
		"not configured":   wish(nil, nil),
	} {
		if other.Digest() == base {
			t.Errorf("%s: the same digest", name)
		}
	}
	if wish(nil, nil).Digest() != "" || wish(&specA, nil).Digest() == "" {
		t.Error("an empty digest means that the template is not configured")
	}
}

// Properties of every history: no record is dropped, no URL changes, exactly
// one revision is active, managers of drained revisions are drained, and
// building twice changes nothing more.
func TestBuildProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	specs := []*TemplateSpec{&specA, &specB, {Project: "p", MachineType: "n2-standard-2"}, nil}
	for range 500 {
		have := Records{}
		for range 12 {
			zones := map[string]Sizes{}
			for _, zone := range []string{"a", "b", "c"} {
				if random.IntN(2) == 0 {
					zones[zone] = Sizes{Minimum: random.IntN(5), Maximum: 5 + random.IntN(5)}
				}
			}
			w := wish(specs[random.IntN(len(specs))], zones)
			built := Build(have, w)
			for id, revision := range have.Revisions {
				if built.Revisions[id].URL != revision.URL {
					t.Fatalf("revision %s: URL %q became %q", id, revision.URL, built.Revisions[id].URL)
				}
			}
			for key, manager := range have.Managers {
				if now, there := built.Managers[key]; !there || now.URL != manager.URL || now.Project != manager.Project {
					t.Fatalf("manager %s: %+v became %+v", key, manager, now)
				}
			}
			for key, manager := range built.Managers {
				if manager.State == Active && key.Revision != built.Template.ActiveRevision {
					t.Fatalf("manager %s is active under a drained revision", key)
				}
			}
			if again := Build(built, w); !reflect.DeepEqual(again, built) {
				t.Fatalf("twice is not once:\n%+v\n%+v", built, again)
			}
			have = created(built)
		}
	}
}
