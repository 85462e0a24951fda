package records

import (
	"reflect"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
)

var (
	specA = fleet.TemplateSpec{Project: "p", MachineType: "e2-small", ServiceAccounts: []fleet.ServiceAccount{{Name: "m@example.com"}}, Metadata: map[string]string{"k": "v"}}
	specB = fleet.TemplateSpec{Project: "p", MachineType: "e2-medium"}
	zones = map[string]fleet.Sizes{"a": {Minimum: 1, Maximum: 2}, "b": {Minimum: 3, Maximum: 4}}
)

// build does what process-config does for one template.
func (b *bench) build(spec *fleet.TemplateSpec) (int, error) {
	b.Helper()
	tree, err := b.Tree(b.Context(), "linux")
	if err != nil {
		b.Fatal(err)
	}
	return b.Save(b.Context(), tree, fleet.Build(tree.Records(), fleet.Wish{BaseName: "linux", Spec: spec, Zones: zones}))
}

func TestTreeAndSave(t *testing.T) {
	b := newBench(t)
	if n, err := b.build(&specA); n != 4 || err != nil || b.commits != 1 { // a template, a revision, two managers
		t.Fatalf("%d writes in %d commits, %v", n, b.commits, err)
	}
	want := fleet.Build(fleet.Records{}, fleet.Wish{BaseName: "linux", Spec: &specA, Zones: zones})
	tree, err := b.Tree(t.Context(), "linux")
	if err != nil || !reflect.DeepEqual(tree.Records(), want) {
		t.Fatalf("read back %+v, %v\nwant %+v", tree.Records(), err, want)
	}
	if n, err := b.build(&specA); n != 0 || err != nil || b.commits != 1 { // running it again writes nothing
		t.Errorf("again: %d writes, %v", n, err)
	}
	if n, err := b.build(&specB); n != 7 || err != nil || b.commits != 2 { // four of A and B's three, the template once
		t.Errorf("another revision: %d writes in %d commits, %v", n, b.commits, err)
	}
	if n, err := b.build(nil); n != 4 || err != nil { // B drained, A as it was
		t.Errorf("removed: %d writes, %v", n, err)
	}
	if active, err := b.ManagersIn(t.Context(), fleet.Active); len(active) != 0 || err != nil {
		t.Errorf("%d are active, %v", len(active), err)
	}
	if n, err := b.CountRevisions(t.Context(), "linux"); n != 2 || err != nil {
		t.Errorf("%d revisions, %v", n, err)
	}
}

// Either the whole template is saved or nothing.
func TestSaveIsAtomic(t *testing.T) {
	b := newBench(t)
	tree, err := b.Tree(t.Context(), "linux")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.build(&specA); err != nil { // another run is quicker
		t.Fatal(err)
	}
	n, err := b.Save(t.Context(), tree, fleet.Build(tree.Records(), fleet.Wish{BaseName: "linux", Spec: &specB, Zones: zones}))
	if n != 0 || !failure.Is(err, failure.Conflict) {
		t.Errorf("%d, %v", n, err)
	}
	if revisions, err := b.RevisionsIn(t.Context(), fleet.Active); len(revisions) != 1 || revisions[0].Value.ID != specA.RevisionID() || err != nil {
		t.Errorf("%v, %v", revisions, err)
	}
}

// A URL that is recorded while the template is being built is not lost.
func TestSaveDoesNotUndoWhatCameBetween(t *testing.T) {
	b := newBench(t)
	if _, err := b.build(&specA); err != nil {
		t.Fatal(err)
	}
	tree, err := b.Tree(t.Context(), "linux")
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := b.ChangeRevision(t.Context(), "linux", specA.RevisionID(), func(r fleet.Revision) (fleet.Revision, bool) { r.URL = "url"; return r, true }); !changed || err != nil {
		t.Fatal(changed, err)
	}
	if n, err := b.Save(t.Context(), tree, fleet.Build(tree.Records(), fleet.Wish{BaseName: "linux"})); n != 0 || !failure.Is(err, failure.Conflict) {
		t.Errorf("%d, %v", n, err)
	}
	if r, err := b.Revision(t.Context(), "linux", specA.RevisionID()); err != nil || r.Value.URL != "url" || r.Value.State != fleet.Active {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestOneTemplateIsNotAnother(t *testing.T) {
	b := newBench(t)
	if _, err := b.build(&specA); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"linu", "linux2", "Linux"} {
		tree, err := b.Tree(t.Context(), name)
		if records := tree.Records(); err != nil || len(records.Revisions)+len(records.Managers) != 0 || records.Template != (fleet.TemplateRecord{}) {
			t.Errorf("%s: %+v, %v", name, records, err)
		}
	}
}

func TestManagersFor(t *testing.T) {
	b := newBench(t)
	for _, spec := range []*fleet.TemplateSpec{&specA, &specB} {
		if _, err := b.build(spec); err != nil {
			t.Fatal(err)
		}
	}
	a := specA.RevisionID()
	for _, c := range []struct {
		baseName, revision, zone string
		want                     int
	}{
		{"", "", "", 4}, {"linux", "", "", 4}, {"linux", a, "a", 1}, {"linux", a, "nowhere", 0}, {"other", "", "", 0}, {"other", a, "a", 0},
	} {
		got, err := b.ManagersFor(t.Context(), c.baseName, c.revision, c.zone)
		if len(got) != c.want || err != nil {
			t.Errorf("%+v: %d, %v", c, len(got), err)
		}
	}
	if got, err := b.ManagersOfRevision(t.Context(), "linux", a); len(got) != 2 || err != nil {
		t.Errorf("of a revision: %d, %v", len(got), err)
	}
}

func TestSightings(t *testing.T) {
	b := newBench(t)
	later := noon.Add(30 * time.Hour)
	keep := func(fresh, over []string, at time.Time) {
		t.Helper()
		if err := b.KeepSightings(t.Context(), "group", fresh, over, at); err != nil {
			t.Fatal(err)
		}
	}
	keep([]string{"p/z/one", "p/z/two"}, nil, noon)
	keep([]string{"p/z/three"}, []string{"p/z/one", "p/z/never-seen"}, later)
	if err := b.KeepSightings(t.Context(), "template", []string{"p/z/two"}, nil, later); err != nil {
		t.Fatal(err)
	}
	want := map[string]time.Time{"p/z/two": noon, "p/z/three": later}
	if got, err := b.Sightings(t.Context(), "group"); !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	commits := b.commits
	keep(nil, nil, later)
	if b.commits != commits {
		t.Error("nothing to keep, and written")
	}
	b.fault = func(faulty.Call) faulty.Fault { return faulty.Unavailable }
	if err := b.KeepSightings(t.Context(), "group", []string{"x"}, nil, noon); !failure.Is(err, failure.Transient) {
		t.Errorf("%v", err)
	}
}
