package promises

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

// A request is checked before it is served, and is served in any case.
func TestBefore(t *testing.T) {
	cloud := simulator.New(simulator.Options{})
	c := New(memory.New(time.Now), cloud)
	c.Configured([]Pool{testPool}, "one")
	if err := c.MakeForeign(t.Context(), "p", testPool); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Before(cloud))
	defer server.Close()
	lower := server.URL + "/compute/v1/projects/p/zones/" + testPool.Zone + "/instanceGroupManagers/" + invariants.ForeignName + "/resize?size=0"
	answer, err := http.Post(lower, "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || cloud.State().VMs != 0 {
		t.Errorf("%s, and there are %d VMs", answer.Status, cloud.State().VMs)
	}
	for _, invariant := range []string{invariants.OnlyOurs, invariants.NeverLowered} {
		if !slices.ContainsFunc(c.Broken(), func(v invariants.Violation) bool { return v.Invariant == invariant }) {
			t.Errorf("not seen: %s, but: %v", invariant, c.Broken())
		}
	}
}

var testPool = Pool{BaseName: "linux", Zone: "us-central1-a", Image: "debian-12", Sizes: fleet.Sizes{Minimum: 2, Maximum: 4}}

func TestBook(t *testing.T) {
	b, now := NewBook(), time.Now()
	took := func(request string, until time.Time) string {
		return b.Took(Holding{Holding: invariants.Holding{Request: request, Instance: "vm:1"}, Until: until}, now)
	}
	if other := took("one", now.Add(time.Minute)); other != "" {
		t.Errorf("%s has it before anybody", other)
	}
	if other := took("one", now.Add(time.Minute)); other != "" {
		t.Error("the same answer again is another lessee")
	}
	if other := took("two", time.Time{}); other != "one" {
		t.Errorf("the other lessee is %q", other)
	}
	if held := b.Held(now.Add(time.Hour)); len(held) != 1 || held[0].Request != "two" {
		t.Errorf("after an hour: %v", held)
	}
	b.LetGo("two")
	b.Harm("vm:1")
	if held := b.Held(now); len(held) != 0 || took("three", time.Time{}) != "" {
		t.Errorf("of a VM that was taken away: %v", held)
	}
}

// A maximum counts for a while after its replacement.
func TestMaxima(t *testing.T) {
	c := New(memory.New(time.Now), simulator.New(simulator.Options{}))
	smaller := testPool
	smaller.Maximum = 1
	c.Configured([]Pool{testPool}, "one")
	c.Configured([]Pool{smaller}, "two")
	for _, want := range []int{4, 4} { // the second time the pool is not configured at all
		v, err := c.Look(t.Context())
		if got := v.Maxima[testPool.key()]; got != want || err != nil {
			t.Errorf("%d, want %d, %v", got, want, err)
		}
		c.Configured(nil, "three")
	}
}

func TestHalfAnUpload(t *testing.T) {
	c := New(memory.New(time.Now), simulator.New(simulator.Options{}))
	c.Configured(nil, "whole")
	for _, revision := range []string{"whole", "half"} {
		fields, err := config.Encode(config.Config{Revision: revision}, time.Now())
		if err == nil {
			_, err = c.store.Commit(t.Context(), store.Put(config.Key, fields))
		}
		if err := errors.Join(err, c.Round(t.Context())); err != nil {
			t.Fatal(err)
		}
		if broken := c.Broken(); len(broken) > 0 != (revision == "half") {
			t.Errorf("%s: %v", revision, broken)
		}
	}
}
