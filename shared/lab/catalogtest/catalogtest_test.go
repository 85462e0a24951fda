package catalogtest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/lab/catalogtest"
)

func TestCatalog(t *testing.T) {
	c, ctx := catalogtest.New(), t.Context()
	until := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	expect := func(what string, got []error, err error, want ...error) {
		t.Helper()
		if err != nil || !slices.EqualFunc(got, want, errors.Is) {
			t.Errorf("%s: %v, %v; want %v", what, got, err, want)
		}
	}
	added, err := c.Add(ctx, catalog.Entry{Hostname: "a", Instance: "a:1"}, catalog.Entry{Hostname: "b", Instance: "b:1"}, catalog.Entry{Hostname: "a", Instance: "a:2"})
	expect("add", added, err, nil, nil, catalog.ErrReused)
	if !c.Lease("a", until) || c.Lease("a", until) || c.Lease("x", until) || !c.Lease("b", time.Time{}) {
		t.Error("leases")
	}
	machines, err := c.Get(ctx, catalog.Question{Hostname: "a"}, catalog.Question{Hostname: "b"}, catalog.Question{Hostname: "x"})
	if err != nil || machines[0].Instance != "a:1" || !machines[0].LeaseExpiration.Equal(until) || !machines[1].LeasedIndefinitely || !errors.Is(machines[2].Err, catalog.ErrNotFound) {
		t.Errorf("%+v, %v", machines, err)
	}
	c.Release("b")
	removed, err := c.Remove(ctx, catalog.Removal{Hostname: "a", Instance: "a:1"}, catalog.Removal{Hostname: "b", Instance: "b:9"},
		catalog.Removal{Hostname: "b", Instance: "b:1"}, catalog.Removal{Hostname: "b"})
	expect("remove", removed, err, catalog.ErrLeased, catalog.ErrNotFound, nil, catalog.ErrNotFound)
	changes, err := c.Changes(ctx, "")
	if err != nil || len(changes.Changed) != 6 || !changes.Changed[5].Removed || changes.Changed[5].Instance != "b:1" {
		t.Errorf("%+v, %v", changes, err)
	}
	removed, err = c.Remove(ctx, catalog.Removal{Hostname: "a", Instance: "a:1", Gone: true})
	expect("remove what is gone", removed, err, nil)
	if later, err := c.Changes(ctx, changes.Cursor); err != nil || len(later.Changed) != 1 || later.Changed[0].Hostname != "a" {
		t.Errorf("%+v, %v", later, err)
	}
	c.WithoutChanges()
	if _, err := c.Changes(ctx, ""); !errors.Is(err, catalog.ErrUnsupported) {
		t.Error(err)
	}
}

func TestFaults(t *testing.T) {
	down := errors.New("down")
	for name, step := range map[string]struct {
		fault    catalogtest.Fault
		err      error
		each     error
		hostname []string
	}{
		"before": {catalogtest.Fault{Before: down}, down, nil, nil},
		"after":  {catalogtest.Fault{After: down}, down, nil, []string{"a"}},
		"each":   {catalogtest.Fault{Each: map[string]error{"a": down}}, nil, down, nil},
	} {
		c := catalogtest.New()
		after := 0
		c.Hook(catalogtest.Hooks{
			Before: func(catalogtest.Method, []string) catalogtest.Fault { return step.fault },
			After:  func(catalogtest.Method, []string) { after++ },
		})
		answers, err := c.Add(t.Context(), catalog.Entry{Hostname: "a"})
		if !errors.Is(err, step.err) || err == nil && !errors.Is(answers[0], step.each) || !slices.Equal(c.Hostnames(), step.hostname) || c.Calls(catalogtest.Add) != 1 {
			t.Errorf("%s: %v, %v; %v", name, answers, err, c.Hostnames())
		}
		if done := after == 1; done != (step.fault.Before == nil) {
			t.Errorf("%s: %d calls were done", name, after)
		}
	}
}
