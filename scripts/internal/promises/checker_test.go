package promises

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// A request is checked before it is served, and served all the same.
func TestBefore(t *testing.T) {
	cloud := simulator.New(simulator.Options{})
	c := New(memory.New(time.Now), cloud)
	c.Configured([]Pool{testPool})
	if err := c.MakeForeign(t.Context(), "p", testPool); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Before(cloud))
	defer server.Close()
	lower := server.URL + "/compute/v1/projects/p/zones/" + testZone + "/instanceGroupManagers/" + foreignName + "/resize?size=0"
	answer, err := http.Post(lower, "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || cloud.State().VMs != 0 {
		t.Errorf("%s, and there are %d VMs", answer.Status, cloud.State().VMs)
	}
	for _, invariant := range []string{world.OnlyOurs, world.NeverLowered} {
		if !slices.ContainsFunc(c.Broken(), func(v world.Violation) bool { return v.Invariant == invariant }) {
			t.Errorf("not seen: %s, but: %v", invariant, c.Broken())
		}
	}
}

func TestBook(t *testing.T) {
	b, now := NewBook(), time.Now()
	took := func(request string, until time.Time) string {
		return b.Took(Holding{Request: request, Instance: "vm:1", Until: until}, now)
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

// A maximum counts for a while after it was replaced.
func TestMaxima(t *testing.T) {
	m, at := maxima{}, place{testPool.BaseName, testPool.Zone}
	m.configured([]Pool{testPool}, noon)
	smaller := testPool
	smaller.Maximum = 1
	m.configured([]Pool{smaller}, noon)
	m.configured(nil, noon.Add(time.Minute))
	for _, test := range []struct {
		after time.Duration
		want  int
	}{{0, 4}, {maximaKept + time.Second, 1}, {maximaKept + 2*time.Minute, 0}} {
		if got := m.at(noon.Add(test.after))[at]; got != test.want {
			t.Errorf("after %v: %d, want %d", test.after, got, test.want)
		}
	}
}
