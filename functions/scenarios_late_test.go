package functions_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/world"
)

// 11. The Machine Provider answers 404 to everything for ten minutes.
func TestScenario11ForgetfulMachineProvider(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 111})
	w.Config.Set(one(20, 40))
	w.Converge(20)
	ids := []string{w.Lease(0), w.Lease(3600), w.Lease(7200)}
	w.Minutes(3)
	hosts := []string{w.HostOf(ids[0]), w.HostOf(ids[1]), w.HostOf(ids[2])}
	before := w.Stats.Deletions
	w.Forget(10 * time.Minute)
	w.Minutes(11)
	if lost := w.Stats.Deletions - before; lost > 4 {
		t.Errorf("%d VMs were given up; the brake's share of 20 is 5", lost)
	}
	for i, id := range ids {
		if hosts[i] == "" || w.HostOf(id) != hosts[i] {
			t.Errorf("the lease of %q is lost", hosts[i])
		}
	}
	w.Converge(60)
	w.StaysQuiet(1)
}

// 12. A thousand malformed messages come among good ones.
func TestScenario12MalformedMessages(t *testing.T) {
	took := func(malformed int) time.Duration {
		w := newWorld(t, world.Options{Seed: 112})
		kinds := []string{"no json", "[1]", `{"baseName":7}`, `{"unknown":true}`, `{"zone":"../../x"}`, `"` + strings.Repeat("x", 300<<10), "{}{}", "\x00", `{"baseName":"a/b"}`, `{"instances":["x/y"]}`}
		topics := []string{"process-config", "create-instance-templates", "resize-instance-groups", "fetch-instances", "catalog-instances",
			"update-cataloged-instances", "delete-instances-pending-deletion", "cleanup-entities", "vm-activity", "leases-changed"}
		for i := range malformed {
			w.PostAfter(time.Duration(i)*50*time.Millisecond, topics[i/len(kinds)%len(topics)], kinds[i%len(kinds)])
		}
		begin := w.Now()
		w.Config.Set(one(4, 8))
		for range 300 {
			if w.RunFor(time.Second); len(w.Differences()) == 0 {
				break
			}
			if w.Now().Second() == 0 {
				w.Tick()
			}
		}
		took := w.Now().Sub(begin)
		w.Converge(10)
		w.StaysQuiet(1)
		return took
	}
	alone, among := took(0), took(1000)
	if among > alone+10*time.Second {
		t.Errorf("the pool is up after %s among malformed messages, and after %s without", among, alone)
	}
}
