package simulator_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// fill makes n groups of 1,000 VMs each and waits until they run.
func fill(w *world, n int) {
	w.insertTemplate("a")
	for i := range n {
		w.insertGroup(fmt.Sprintf("g%02d", i), "a", 1000)
	}
	w.pass(time.Minute)
}

func (w *world) aggregated(t testing.TB) int {
	t.Helper()
	groups := 0
	for pair, err := range w.groups.AggregatedList(w.ctx, &computepb.AggregatedListInstanceGroupManagersRequest{
		Project: testProject}).All() {
		if err != nil {
			t.Fatal(err)
		}
		groups += len(pair.Value.GetInstanceGroupManagers())
	}
	return groups
}

func jittery() simulator.Options {
	o := slow()
	o.BootJitter = 10 * time.Second
	return o
}

func TestTenThousandVMs(t *testing.T) {
	w := newWorld(t, jittery())
	fill(w, 10)
	if s := w.cloud.State(); s.VMs != 10_000 || s.Disks != 10_000 {
		t.Fatalf("%d VMs, %d disks", s.VMs, s.Disks)
	}
	if n := len(w.members("g07")); n != 1000 {
		t.Errorf("%d VMs listed", n)
	}
	if n := w.aggregated(t); n != 10 {
		t.Errorf("%d groups listed", n)
	}
	for i := range 10 {
		w.mustResize(fmt.Sprintf("g%02d", i), 0)
	}
	w.pass(time.Minute)
	if s := w.cloud.State(); s.VMs != 0 || s.Disks != 0 {
		t.Errorf("%d VMs, %d disks left", s.VMs, s.Disks)
	}
}

// BenchmarkFill creates 100,000 VMs in 100 groups.
func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		fill(newWorld(b, jittery()), 100)
	}
}

// BenchmarkList lists among 100,000 VMs: a group's 1,000 (two pages), and all
// groups.
func BenchmarkList(b *testing.B) {
	w := newWorld(b, jittery())
	fill(w, 100)
	b.Run("members", func(b *testing.B) {
		for b.Loop() {
			w.members("g42")
		}
	})
	b.Run("groups", func(b *testing.B) {
		for b.Loop() {
			w.aggregated(b)
		}
	})
}

// TestSameSeedSameWorld runs one story twice and compares every VM.
func TestSameSeedSameWorld(t *testing.T) {
	story := func() string {
		var log []string
		o := slow()
		o.BootJitter = 5 * time.Second
		chance := rand.New(rand.NewPCG(7, 7))
		o.Fault = func(_ string, r *simulator.Request) *simulator.Fault {
			if r.Group != "" && chance.IntN(4) == 0 {
				return &simulator.Fault{OperationErrors: []simulator.OperationError{{Code: "QUOTA_EXCEEDED"}}}
			}
			return nil
		}
		o.OnActivity = func(raw []byte) { log = append(log, string(raw)) }
		w := newWorld(t, o)
		w.insertTemplate("a")
		w.insertGroup("g", "a", 30)
		w.insertGroup("h", "a", 30)
		w.pass(15 * time.Second)
		w.mustResize("g", 10)
		w.pass(time.Minute)
		raw, err := json.Marshal([]any{w.cloud.VMs(), log})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if first, second := story(), story(); first != second {
		t.Errorf("two runs differ:\n%s\n%s", first, second)
	}
}

// TestConcurrentCalls is for the race detector.
func TestConcurrentCalls(t *testing.T) {
	w := newWorld(t, simulator.Options{OnActivity: func([]byte) {}})
	w.insertTemplate("a")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := fmt.Sprintf("g%d", i)
			w.insertGroup(name, "a", 20)
			for size := range int32(10) {
				if _, err := w.resize(name, size); err != nil {
					t.Errorf("resize %s: %v", name, err)
				}
				w.members(name)
				w.cloud.State()
			}
		})
	}
	all.Wait()
	if n := w.cloud.State().VMs; n != 8*9 {
		t.Errorf("%d VMs, want 72", n)
	}
}
