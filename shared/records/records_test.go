package records

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

var (
	noon    = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	manager = fleet.ManagerKey{BaseName: "linux", Revision: "0123456789ab", Zone: "us-east1-b"}
)

// bench is the records with a store of its own.
type bench struct {
	*testing.T
	Records
	inside store.Store
	fault  func(faulty.Call) faulty.Fault
	logged bytes.Buffer
	commits,
	writes int
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, inside: memory.New(func() time.Time { return noon })}
	b.Store = faulty.New(b.inside, faulty.Hooks{
		Fault: func(_ context.Context, call faulty.Call) faulty.Fault {
			if call.Method == faulty.Commit {
				b.commits++
				b.writes += len(call.Writes)
			}
			if b.fault == nil {
				return faulty.Fault{}
			}
			return b.fault(call)
		},
		Pause: func(context.Context, int) error { return nil },
	})
	b.Log = slog.New(slog.NewTextHandler(&b.logged, nil))
	return b
}

func (b *bench) put(value any, segments ...string) {
	b.Helper()
	fields, ok := value.(store.Fields)
	if !ok {
		var err error
		if fields, err = store.Encode(value); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := b.inside.Commit(b.Context(), store.Put(store.MustKey(segments...), fields)); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) instance(hostname string, change func(*fleet.Instance)) {
	b.Helper()
	i := fleet.NewInstance(fleet.Manager{BaseName: manager.BaseName, Revision: manager.Revision, Zone: manager.Zone, Project: "p"}, hostname, "1", "url", noon)
	if change != nil {
		change(&i)
	}
	b.put(i, "instances", i.Key())
}

func hostnames(items []Instance, err error) string {
	var names []string
	for _, item := range items {
		names = append(names, item.Value.Hostname)
	}
	slices.Sort(names)
	return fmt.Sprint(names, err)
}

func TestKeys(t *testing.T) {
	got := []string{}
	for _, of := range []func() (store.Key, error){
		func() (store.Key, error) { return TemplateKey("linux") },
		func() (store.Key, error) { return RevisionKey("linux", "r") },
		func() (store.Key, error) { return ManagerKey(manager) },
		func() (store.Key, error) { return InstanceKey("vm:1") },
	} {
		key, err := of()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(key))
	}
	want := []string{"instanceTemplates/linux", "instanceTemplates/linux/revisions/r",
		"instanceTemplates/linux/revisions/0123456789ab/managers/us-east1-b", "instances/vm:1"}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// A name comes from a message and may be anything: an invalid name finds
// nothing and reaches no other document.
func TestNamesThatCannotBe(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"", ".", "..", "a/b", "linux/revisions/r", "__x__", "\x00", "\xff", strings.Repeat("x", 2000)} {
		if _, err := b.Revision(t.Context(), name, "r"); !failure.Is(err, failure.NotFound) {
			t.Errorf("revision of %.20q: %v", name, err)
		}
		if _, err := b.Manager(t.Context(), fleet.ManagerKey{BaseName: "linux", Revision: name, Zone: "z"}); !failure.Is(err, failure.NotFound) {
			t.Errorf("manager of revision %.20q: %v", name, err)
		}
		if _, err := b.ManagersOfRevision(t.Context(), name, "r"); !failure.Is(err, failure.NotFound) {
			t.Errorf("managers of %.20q: %v", name, err)
		}
		if items, err := b.Instances(t.Context(), name); err != nil || len(items) != 0 {
			t.Errorf("instance %.20q: %v, %v", name, items, err)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	b := newBench(t)
	if r, err := b.Revision(t.Context(), "linux", "r"); r != nil || err != nil {
		t.Errorf("%v, %v", r, err)
	}
	if m, err := b.Manager(t.Context(), manager); m != nil || err != nil {
		t.Errorf("%v, %v", m, err)
	}
	b.instance("a", nil)
	if got := hostnames(b.Instances(t.Context(), "a:1", "b:1")); got != "[a] <nil>" {
		t.Error(got)
	}
	if items, err := b.Instances(t.Context()); items != nil || err != nil {
		t.Errorf("%v, %v", items, err)
	}
}

// A record that cannot be read is logged and hides no other record.
func TestACorruptRecordIsSetAside(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"a", "b", "c"} {
		b.instance(name, nil)
	}
	b.put(store.Fields{"hostname": int64(7), "state": "found", "manager": manager.String()}, "instances", "b:1")
	for name, read := range map[string]func() ([]Instance, error){
		"by state":   func() ([]Instance, error) { return b.InstancesIn(t.Context(), fleet.Found) },
		"by manager": func() ([]Instance, error) { return b.InstancesOf(t.Context(), manager) },
		"by both":    func() ([]Instance, error) { return b.InstancesOf(t.Context(), manager, fleet.Found, fleet.Leased) },
		"by key":     func() ([]Instance, error) { return b.Instances(t.Context(), "a:1", "b:1", "c:1") },
	} {
		b.logged.Reset()
		items, err := read()
		if got := hostnames(items, err); got != "[a c] <nil>" {
			t.Errorf("%s: %s", name, got)
		}
		if text := b.logged.String(); strings.Count(text, "level=ERROR") != 1 || !strings.Contains(text, "instances/b:1") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func TestACorruptRecordByKeyIsNoInstance(t *testing.T) {
	b := newBench(t)
	b.put(store.Fields{"hostname": int64(7)}, "instances", "b:1")
	if items, err := b.Instances(t.Context(), "b:1"); err != nil || len(items) != 0 {
		t.Errorf("%+v, %v: the zero instance would be taken for a machine", items, err)
	}
}

// When one record is requested, a record that cannot be read is not the same as
// a missing one.
func TestOneCorruptRecordIsAnError(t *testing.T) {
	b := newBench(t)
	b.put(store.Fields{"baseName": int64(7)}, "instanceTemplates", "linux", "revisions", manager.Revision)
	b.put(store.Fields{"minimumSize": "many"}, "instanceTemplates", "linux", "revisions", manager.Revision, "managers", manager.Zone)
	if r, err := b.Revision(t.Context(), "linux", manager.Revision); r != nil || failure.ClassOf(err) != failure.Permanent {
		t.Errorf("%v, %v", r, err)
	}
	if m, err := b.Manager(t.Context(), manager); m != nil || failure.ClassOf(err) != failure.Permanent {
		t.Errorf("%v, %v", m, err)
	}
}

func TestQueries(t *testing.T) {
	b := newBench(t)
	b.instance("found", nil)
	b.instance("elsewhere", func(i *fleet.Instance) { i.Manager = "linux/other/z" })
	b.instance("cataloged", func(i *fleet.Instance) { i.State, i.CatalogedAt = fleet.Cataloged, noon })
	b.instance("missing", func(i *fleet.Instance) {
		i.State, i.CatalogedAt, i.MissingSince = fleet.Cataloged, noon, noon
	})
	b.instance("leased", func(i *fleet.Instance) {
		i.State, i.LeaseExpiration = fleet.Leased, noon.Add(time.Hour)
	})
	b.instance("over", func(i *fleet.Instance) { i.State, i.LeaseExpiration = fleet.Leased, noon })
	b.instance("over-for-days", func(i *fleet.Instance) {
		i.State, i.LeaseExpiration = fleet.Leased, noon.Add(-49*time.Hour)
	})
	b.instance("for-ever", func(i *fleet.Instance) { i.State, i.LeasedIndefinitely = fleet.Leased, true })
	b.instance("pending", func(i *fleet.Instance) { i.State = fleet.PendingDeletion })
	b.instance("tombstone", func(i *fleet.Instance) { i.State, i.DeletedAt = fleet.Deleted, noon.Add(-fleet.TombstoneTime) })
	b.instance("tombstone-over", func(i *fleet.Instance) {
		i.State, i.DeletedAt = fleet.Deleted, noon.Add(-fleet.TombstoneTime-time.Second)
	})
	b.instance("tombstone-of-days", func(i *fleet.Instance) { i.State, i.DeletedAt = fleet.Deleted, noon.Add(-72*time.Hour) })
	ctx := t.Context()
	for name, c := range map[string]struct{ got, want string }{
		"found":        {hostnames(b.InstancesIn(ctx, fleet.Found)), "[elsewhere found] <nil>"},
		"of a manager": {hostnames(b.InstancesOf(ctx, manager, fleet.Found, fleet.Cataloged)), "[cataloged found missing] <nil>"},
		"leases over":  {hostnames(b.LeasesOver(ctx, noon)), "[over over-for-days] <nil>"},
		"missing":      {hostnames(b.Missing(ctx)), "[missing] <nil>"},
		"tombstones":   {hostnames(b.TombstonesOver(ctx, noon)), "[tombstone-of-days tombstone-over] <nil>"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
	for name, c := range map[string]struct {
		count func() (int, error)
		want  int
	}{
		"leased":            {func() (int, error) { return b.CountIn(ctx, fleet.Leased) }, 4},
		"found of it":       {func() (int, error) { return b.CountOf(ctx, manager, fleet.Found) }, 1},
		"all of it":         {func() (int, error) { return b.CountAllOf(ctx, manager) }, 11},
		"of another":        {func() (int, error) { return b.CountAllOf(ctx, fleet.ManagerKey{BaseName: "x"}) }, 0},
		"revisions of none": {func() (int, error) { return b.CountRevisions(ctx, "linux") }, 0},
	} {
		if got, err := c.count(); got != c.want || err != nil {
			t.Errorf("%s: %d, %v; want %d", name, got, err, c.want)
		}
	}
}

// A deleted indefinite lease must not count as leased.
func TestAnEndedLeaseDoesNotCount(t *testing.T) {
	b := newBench(t)
	b.instance("a", func(i *fleet.Instance) { i.State, i.CatalogedAt, i.LeasedIndefinitely = fleet.Leased, noon, true })
	items, err := b.InstancesIn(t.Context(), fleet.Leased)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.ChangeInstances(t.Context(), items, func(i fleet.Instance) (fleet.Instance, bool) { return i.Reclaim("x") }); err != nil {
		t.Fatal(err)
	}
	if n, err := b.CountOf(t.Context(), manager, fleet.Leased); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := hostnames(b.LeasesOver(t.Context(), noon.Add(1000*time.Hour))); got != "[] <nil>" {
		t.Error(got)
	}
}

func TestErrorsSayWhatWasAttempted(t *testing.T) {
	b := newBench(t)
	b.fault = func(faulty.Call) faulty.Fault { return faulty.Unavailable }
	for name, err := range map[string]error{
		"find templates":         second(b.Templates(t.Context())),
		"find managers by state": second(b.ManagersIn(t.Context(), fleet.Active)),
		"count instances":        second(b.CountIn(t.Context(), fleet.Leased)),
		"get 1 records":          second(b.Instances(t.Context(), "a:1")),
		"get instanceTemplates":  second(b.Tree(t.Context(), "linux")),
		"get the listing":        second(b.Listing(t.Context(), manager)),
		"get the cursor":         second(b.Cursor(t.Context())),
	} {
		if err == nil || !strings.Contains(err.Error(), name) || failure.ClassOf(err) != failure.Transient {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestChange(t *testing.T) {
	b := newBench(t)
	b.put(fleet.Manager{BaseName: "linux", Revision: manager.Revision, Zone: manager.Zone, Resource: fleet.Resource{URL: "u"}}, "instanceTemplates", "linux", "revisions", manager.Revision, "managers", manager.Zone)
	clear := func(m fleet.Manager) (fleet.Manager, bool) {
		if m.URL == "" {
			return m, false
		}
		m.URL = ""
		return m, true
	}
	for n, want := range []bool{true, false} { // the second call changes nothing
		if changed, err := b.ChangeManager(t.Context(), manager, clear); changed != want || err != nil {
			t.Errorf("time %d: %v, %v", n+1, changed, err)
		}
	}
	other := manager
	other.Zone = "nowhere"
	if changed, err := b.ChangeManager(t.Context(), other, clear); changed || err != nil {
		t.Errorf("what is not there: %v, %v", changed, err)
	}
	if changed, err := b.ChangeRevision(t.Context(), "linux", "none", func(r fleet.Revision) (fleet.Revision, bool) { return r, true }); changed || err != nil {
		t.Errorf("what is not there: %v, %v", changed, err)
	}
}

// Another run changes a record between the read and the write: the decision is
// made again, on the current record.
func TestChangesDecideOnWhatIsThereNow(t *testing.T) {
	b := newBench(t)
	b.instance("a", func(i *fleet.Instance) { i.State, i.CatalogedAt = fleet.Cataloged, noon })
	items, err := b.Instances(t.Context(), "a:1")
	if err != nil {
		t.Fatal(err)
	}
	b.instance("a", func(i *fleet.Instance) {
		i.State, i.CatalogedAt, i.LeasedIndefinitely = fleet.Leased, noon, true
	})
	changed, err := b.ChangeInstances(t.Context(), items, func(i fleet.Instance) (fleet.Instance, bool) { return i.Decline(true) })
	if err != nil || len(changed) != 0 {
		t.Errorf("%v, %v", changed, err)
	}
	if n, err := b.CountIn(t.Context(), fleet.Leased); n != 1 || err != nil {
		t.Errorf("%d leased, %v", n, err)
	}
}

func TestRemoveOnlyWhatStillMayGo(t *testing.T) {
	b := newBench(t)
	over := func(i fleet.Instance) bool { return i.TombstoneOver(noon) }
	dead := func(i *fleet.Instance) { i.State, i.DeletedAt = fleet.Deleted, noon.Add(-time.Hour) }
	b.instance("a", dead)
	b.instance("b", dead)
	items, err := b.TombstonesOver(t.Context(), noon)
	if err != nil || len(items) != 2 {
		t.Fatal(items, err)
	}
	b.instance("b", nil) // another run was faster
	if n, err := Remove(t.Context(), b.Records, items, over); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := hostnames(b.InstancesOf(t.Context(), manager)); got != "[b] <nil>" {
		t.Error(got)
	}
	if n, err := Remove(t.Context(), b.Records, items, over); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	if n, err := Remove(t.Context(), b.Records, []Instance(nil), over); n != 0 || err != nil {
		t.Errorf("none: %d, %v", n, err)
	}
}

// If no record may be missing, one that cannot be read is an error.
func TestEveryRecordOrAnError(t *testing.T) {
	b := newBench(t)
	b.put(fleet.Revision{BaseName: "linux", ID: "r"}, revisionPath("linux", "r")...)
	b.put(fleet.Manager{BaseName: "linux", Revision: "r", Zone: "z"}, "instanceTemplates", "linux", "revisions", "r", "managers", "z")
	every := func() (revisions, managers int, _ [2]error) {
		rs, err := b.EveryRevision(t.Context())
		ms, other := b.EveryManager(t.Context())
		return len(rs), len(ms), [2]error{err, other}
	}
	if revisions, managers, errs := every(); revisions != 1 || managers != 1 || errs != [2]error{} {
		t.Errorf("%d, %d, %v", revisions, managers, errs)
	}
	b.put(store.Fields{"state": 1.5}, revisionPath("linux", "broken")...)
	b.put(store.Fields{"state": 1.5}, "instanceTemplates", "linux", "revisions", "r", "managers", "broken")
	if _, _, errs := every(); failure.ClassOf(errs[0]) != failure.Permanent || failure.ClassOf(errs[1]) != failure.Permanent {
		t.Errorf("%v", errs)
	}
}

// A record is adopted only if none exists, and a project is noted once.
func TestAdopt(t *testing.T) {
	b := newBench(t)
	for n, want := range []bool{true, false} {
		r := fleet.Revision{BaseName: "linux", ID: "r", Resource: fleet.Resource{URL: fmt.Sprint(n)}}
		if adopted, err := b.AdoptRevision(t.Context(), r); adopted != want || err != nil {
			t.Errorf("time %d: %v, %v", n+1, adopted, err)
		}
		if err := b.NoteProject(t.Context(), "p"); err != nil {
			t.Error(err)
		}
	}
	if r, err := b.Revision(t.Context(), "linux", "r"); err != nil || r.Value.URL != "0" || b.writes != 2 {
		t.Errorf("%+v, %v after %d writes", r, err, b.writes)
	}
	if names, err := b.Projects(t.Context()); err != nil || !slices.Equal(names, []string{"p"}) {
		t.Errorf("%v, %v", names, err)
	}
}
