package machineprovider

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

// slowClock advances with each reading once it is started.
type slowClock struct {
	*clock
	mu   sync.Mutex
	step time.Duration
}

func (c *slowClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock.Advance(c.step)
	return c.clock.Now()
}

func TestBatchesStopInTime(t *testing.T) {
	w := newWorld(t)
	slow := &slowClock{clock: w.clock}
	a := w.handler.(*api)
	a.Now = slow.Now
	var leases, releases []string
	for i := range 10 {
		leases = append(leases, fmt.Sprintf(`{"request_id":"r%d","dimensions":{},"duration":60}`, i))
		releases = append(releases, fmt.Sprintf(`{"request_id":"r%d"}`, i))
	}
	batch := func(method string, requests []string) (fine, late int) {
		_, got := w.call(lessee, "machine_provider/v1/"+method, `{"requests":[`+strings.Join(requests, ",")+`]}`)
		if strings.Count(got, "client_request_id") != len(requests) {
			t.Fatal(got)
		}
		late = strings.Count(got, "DEADLINE_EXCEEDED")
		return len(requests) - late, late
	}
	slow.step = 7 * time.Second
	if fine, late := batch("batched_lease", leases); fine != 4 || late != 6 {
		t.Fatal(fine, late)
	}
	slow.step = 0
	if fine, late := batch("batched_lease", leases); fine != 10 || late != 0 {
		t.Fatal(fine, late)
	}
	slow.step = 7 * time.Second
	if fine, late := batch("batched_release", releases); fine != 4 || late != 6 {
		t.Fatal(fine, late)
	}
}

func TestIdenticalRequestsGetOneMachine(t *testing.T) {
	w := newWorld(t, func(w *world) { w.store = memory.New(time.Now) })
	var names []string
	for i := range 64 {
		names = append(names, fmt.Sprint("vm-", i))
	}
	w.add("DELETE", names...)
	got := make([]leaseAnswer, 64)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i] = w.lease(lessee, "same", "") })
	}
	all.Wait()
	for _, one := range got {
		if one != got[0] || one.State != "FULFILLED" {
			t.Fatalf("%+v and %+v", one, got[0])
		}
	}
	leased := 0
	for _, name := range names {
		if w.state(name) == "LEASED" {
			leased++
		}
	}
	if leased != 1 {
		t.Fatalf("%d machines are leased", leased)
	}
}
