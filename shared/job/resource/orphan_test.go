package resource

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func empty(log *strings.Builder, fault *faulty.Fault) job.Run {
	inside := memory.New(func() time.Time { return noon })
	deps := job.Dependencies{Project: "home", Deployment: "blue",
		Store: faulty.New(inside, faulty.Hooks{Fault: func(context.Context, faulty.Call) faulty.Fault { return *fault }})}
	return deps.Run("test", event.Scope{}, slog.New(slog.NewTextHandler(log, nil)))
}

// confirmed returns the names of the orphans of a kind, all with one label, that
// may be adopted.
func confirmed(t *testing.T, run job.Run, kind, label string, names []string, now time.Time) (ready []string, err error) {
	run.Now = func() time.Time { return now }
	found := map[string]Resource{}
	for _, name := range names {
		found[name] = Resource{Project: "p", Name: name, Labels: map[string]string{compute.OwnershipLabel: label}}
	}
	orphans, err := Kind{run: run, name: kind}.confirmed(t.Context(), found)
	for _, orphan := range orphans {
		ready = append(ready, orphan.Name)
	}
	return ready, err
}

// An orphan is deleted only after two complete sweeps, an interval apart, saw
// it. An orphan that had a record in between starts again.
func TestConfirmed(t *testing.T) {
	var log strings.Builder
	e := empty(&log, &faulty.Fault{})
	for n, step := range []struct {
		after time.Duration
		names []string
		ready []string
	}{
		{0, []string{"a", "b"}, nil},
		{0, []string{"a", "b"}, nil}, // the same sweep, doubled
		{time.Second, []string{"a", "b"}, nil},
		{Confirmation - time.Second, []string{"a", "b", "c"}, nil},
		{Confirmation, []string{"a", "c"}, []string{"a"}},
		{Confirmation, []string{"a", "b", "c"}, []string{"a"}}, // a is still there; b is back
		{2*Confirmation - time.Second, []string{"b", "c"}, []string{"c"}},
		{2 * Confirmation, []string{"a", "b"}, []string{"b"}}, // a is new again
		{2*Confirmation + 30*time.Hour, []string{"a"}, []string{"a"}},
		{2*Confirmation + 30*time.Hour, nil, nil},
	} {
		ready, err := confirmed(t, e, "group", "home--blue", step.names, noon.Add(step.after))
		if err != nil || !slices.Equal(ready, step.ready) {
			t.Fatalf("step %d: %v, %v; want %v", n, ready, err, step.ready)
		}
	}
	if n := strings.Count(log.String(), "event=ORPHAN"); n != 5 { // a, b, c, b again, a again
		t.Errorf("reported %d times:\n%s", n, log.String())
	}
}

func TestAFewPerRun(t *testing.T) {
	e := empty(&strings.Builder{}, &faulty.Fault{})
	var names []string
	for n := range 10 {
		names = append(names, fmt.Sprint("group-", 9-n))
	}
	if ready, err := confirmed(t, e, "group", "home--blue", names, noon); len(ready) != 0 || err != nil {
		t.Fatal(ready, err)
	}
	ready, err := confirmed(t, e, "group", "home--blue", names, noon.Add(time.Hour))
	if want := []string{"group-0", "group-1", "group-2"}; err != nil || !slices.Equal(ready, want) || len(want) != DeletionsPerRun {
		t.Errorf("%v, %v", ready, err)
	}
}

func TestKindsAreApart(t *testing.T) {
	e := empty(&strings.Builder{}, &faulty.Fault{})
	for _, kind := range []string{"group", "template"} {
		if ready, err := confirmed(t, e, kind, "home--blue", []string{"p/x"}, noon.Add(map[string]time.Duration{"template": time.Hour}[kind])); len(ready) != 0 || err != nil {
			t.Errorf("%s: %v, %v", kind, ready, err)
		}
	}
	if ready, err := confirmed(t, e, "group", "home--blue", []string{"p/x"}, noon.Add(time.Hour)); len(ready) != 1 || err != nil {
		t.Errorf("%v, %v", ready, err)
	}
}

// Without the saved sightings every orphan is seen for the first time.
func TestNothingIsConfirmedWithoutTheStore(t *testing.T) {
	fault := faulty.Fault{}
	e := empty(&strings.Builder{}, &fault)
	if _, err := confirmed(t, e, "group", "home--blue", []string{"a"}, noon); err != nil {
		t.Fatal(err)
	}
	fault = faulty.Unavailable
	if ready, err := confirmed(t, e, "group", "home--blue", []string{"a"}, noon.Add(time.Hour)); len(ready) != 0 || !failure.Is(err, failure.Transient) {
		t.Errorf("%v, %v", ready, err)
	}
}

// Nobody can tell whose an orphan of an earlier version is: it is reported once,
// and again when it is back, and never adopted.
func TestUnclaimed(t *testing.T) {
	var log strings.Builder
	e := empty(&log, &faulty.Fault{})
	if err := e.Records.KeepSightings(t.Context(), "group", []string{"a"}, nil, noon); err != nil { // by an earlier version
		t.Fatal(err)
	}
	for n, step := range []struct {
		names    []string
		reported int
	}{
		{[]string{"a", "b"}, 2}, {[]string{"a", "b"}, 2}, {[]string{"b"}, 2}, {[]string{"a", "b"}, 3}, {nil, 3},
	} {
		if ready, err := confirmed(t, e, "group", "blue", step.names, noon.Add(time.Duration(n)*time.Hour)); err != nil || len(ready) > 0 {
			t.Fatal(ready, err)
		}
		if got := strings.Count(log.String(), "event=ORPHAN_UNCLAIMED"); got != step.reported {
			t.Errorf("step %d: reported %d times, want %d:\n%s", n, got, step.reported, log.String())
		}
	}
	if strings.Contains(log.String(), "event=ORPHAN ") {
		t.Errorf("it is said to be deleted:\n%s", log.String())
	}
}

// sized has a group of an earlier version, of some size.
type sized struct {
	compute.Engine
	size int
}

func (s sized) Group(_ context.Context, ref compute.GroupRef) (compute.Group, error) {
	return compute.Group{GroupRef: ref, Labels: map[string]string{compute.OwnershipLabel: "blue"}, TargetSize: s.size}, nil
}

// The group of a drained record that does not know that it was created is taken
// over, but not one that another installation may use.
func TestFind(t *testing.T) {
	for size, want := range map[int]bool{0: true, 3: false} {
		run := empty(&strings.Builder{}, &faulty.Fault{})
		run.Compute = sized{size: size}
		kind, recorded := Groups(run), false
		kind.change = func(context.Context, Resource, func(fleet.Resource) (fleet.Resource, bool)) (bool, error) {
			recorded = true
			return true, nil
		}
		if err := kind.find(t.Context(), Resource{Project: "p", Zone: "z", Name: "linux-1"}); err != nil || recorded != want {
			t.Errorf("of size %d: recorded %v, want %v (%v)", size, recorded, want, err)
		}
	}
}

func TestDeletion(t *testing.T) {
	for want, r := range map[string]Resource{
		"gcloud compute instance-groups managed delete linux-1 --zone=z --project=p": {Project: "p", Zone: "z", Name: "linux-1"},
		"gcloud compute instance-templates delete linux-1 --project=p":               {Project: "p", Name: "linux-1"},
	} {
		if got := r.deletion(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDue(t *testing.T) {
	for minute := range 10 {
		if got := Due(noon.Add(time.Duration(minute)*time.Minute + 7*time.Second)); got != (minute%2 == 0) {
			t.Errorf("minute %d: %v", minute, got)
		}
	}
}
