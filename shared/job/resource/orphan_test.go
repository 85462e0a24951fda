package resource

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/records"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func empty(log *strings.Builder, fault *faulty.Fault) records.Records {
	inside := memory.New(func() time.Time { return noon })
	return records.Records{
		Store: faulty.New(inside, faulty.Hooks{Fault: func(context.Context, faulty.Call) faulty.Fault { return *fault }}),
		Log:   slog.New(slog.NewTextHandler(log, nil)),
	}
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
		ready, err := confirmed(t.Context(), e, "group", step.names, noon.Add(step.after))
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
	if ready, err := confirmed(t.Context(), e, "group", names, noon); len(ready) != 0 || err != nil {
		t.Fatal(ready, err)
	}
	ready, err := confirmed(t.Context(), e, "group", names, noon.Add(time.Hour))
	if want := []string{"group-0", "group-1", "group-2"}; err != nil || !slices.Equal(ready, want) || len(want) != DeletionsPerRun {
		t.Errorf("%v, %v", ready, err)
	}
}

func TestKindsAreApart(t *testing.T) {
	e := empty(&strings.Builder{}, &faulty.Fault{})
	for _, kind := range []string{"group", "template"} {
		if ready, err := confirmed(t.Context(), e, kind, []string{"p/x"}, noon.Add(map[string]time.Duration{"template": time.Hour}[kind])); len(ready) != 0 || err != nil {
			t.Errorf("%s: %v, %v", kind, ready, err)
		}
	}
	if ready, err := confirmed(t.Context(), e, "group", []string{"p/x"}, noon.Add(time.Hour)); len(ready) != 1 || err != nil {
		t.Errorf("%v, %v", ready, err)
	}
}

// Without the saved sightings every orphan is seen for the first time.
func TestNothingIsConfirmedWithoutTheStore(t *testing.T) {
	fault := faulty.Fault{}
	e := empty(&strings.Builder{}, &fault)
	if _, err := confirmed(t.Context(), e, "group", []string{"a"}, noon); err != nil {
		t.Fatal(err)
	}
	fault = faulty.Unavailable
	if ready, err := confirmed(t.Context(), e, "group", []string{"a"}, noon.Add(time.Hour)); len(ready) != 0 || !failure.Is(err, failure.Transient) {
		t.Errorf("%v, %v", ready, err)
	}
}

func TestDue(t *testing.T) {
	for minute := range 10 {
		if got := Due(noon.Add(time.Duration(minute)*time.Minute + 7*time.Second)); got != (minute%2 == 0) {
			t.Errorf("minute %d: %v", minute, got)
		}
	}
}
