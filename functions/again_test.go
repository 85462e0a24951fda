//go:build !race

package functions_test

import (
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// occasions bring the world to a point at which each job has something to do.
// They run without the job.
var occasions = map[string]func(w *world.World){
	"import-config":                     configured,
	"process-config":                    configured,
	"create-instance-templates":         configured,
	"create-instance-group-managers":    configured,
	"resize-instance-groups":            configured,
	"fetch-instances":                   configured,
	"catalog-instances":                 configured,
	"update-cataloged-instances":        leased,
	"delete-instances-pending-deletion": released,
	"remove-cataloged-instances":        emptied,
	"delete-instance-group-managers":    emptied,
	"delete-instance-templates":         emptied,
	"cleanup-entities":                  emptied,
	"reclaim-machines":                  runOut,
}

func configured(w *world.World) {
	w.Config.Set(example)
	w.Minutes(5)
}

func leased(w *world.World) {
	configured(w)
	w.Lease(3600)
	w.Settle(time.Minute)
}

func released(w *world.World) {
	configured(w)
	id := w.Lease(3600)
	w.Minutes(2)
	w.Release(id)
	w.Minutes(2)
}

func emptied(w *world.World) {
	configured(w)
	w.Config.Set(func(c *world.Configuration) { c.Pools = map[string]world.Pool{} })
	w.Minutes(45)
}

func runOut(w *world.World) {
	configured(w)
	w.Lease(60)
	w.Minutes(3)
}

// at brings a world to a job's occasion, and lets only that job run.
func at(t *testing.T, job string) *world.World {
	t.Helper()
	occasion := occasions[job]
	if occasion == nil {
		t.Fatalf("%s has no occasion here", job)
	}
	w := newWorld(t, world.Options{Seed: 11})
	w.Hold(job)
	occasion(w)
	w.Settle(time.Minute)
	w.ReleaseAll()
	w.HoldOthers(job)
	return w
}

// does counts what happens while a job gets several messages at once.
func does(w *world.World, job string, times int) (writes, mutations int) {
	before := w.Stats
	for range times {
		w.Deliver(job, event.Message{Topic: job, Data: []byte("{}")})
	}
	w.Settle(10 * time.Minute)
	return w.Stats.Writes - before.Writes, w.Stats.Distinct - before.Distinct
}

// The first run does something, and a second run does nothing.
func TestTwiceIsOnce(t *testing.T) {
	for _, job := range functions.Jobs() {
		t.Run(job.Name, func(t *testing.T) {
			w := at(t, job.Name)
			if writes, _ := does(w, job.Name, 1); writes == 0 {
				t.Fatal("the job found nothing to do: this test tests nothing")
			}
			w.RunFor(time.Minute)
			// By now the requests are done and may be recorded
			if _, mutations := does(w, job.Name, 1); mutations > 0 {
				t.Errorf("a second run made %d mutations", mutations)
			}
			w.RunFor(time.Minute)
			if writes, mutations := does(w, job.Name, 1); writes+mutations > 0 {
				t.Errorf("a third run made %d writes and %d mutations", writes, mutations)
			}
		})
	}
}

// Three concurrent runs do what one run does.
func TestAtOnceIsOnce(t *testing.T) {
	for _, job := range functions.Jobs() {
		t.Run(job.Name, func(t *testing.T) {
			_, once := does(at(t, job.Name), job.Name, 1)
			w := at(t, job.Name)
			if _, mutations := does(w, job.Name, 3); mutations > once {
				t.Errorf("three runs at once made %d mutations; one makes %d", mutations, once)
			}
		})
	}
}

// Every message that a job got during the life of a pool is delivered once
// more, much later, and changes nothing.
func TestLateDoesNoHarm(t *testing.T) {
	w := newWorld(t, world.Options{Seed: 12})
	released(w)
	w.Lease(0)
	w.Config.Set(func(c *world.Configuration) {
		c.Pools["small"] = world.Pool{Variant: 2, Zones: c.Pools["small"].Zones}
	})
	w.Lease(120)
	w.Converge(60)
	w.StaysQuiet(1)
	for _, job := range functions.Jobs() {
		t.Run(job.Name, func(t *testing.T) {
			late := w.History(job.Name)
			if len(late) == 0 {
				t.Fatal("it got no message: this test tests nothing")
			}
			before := w.Stats
			for _, message := range late {
				w.Deliver(job.Name, message)
			}
			w.Settle(10 * time.Minute)
			if writes, mutations := w.Stats.Writes-before.Writes, w.Stats.Mutations-before.Mutations; writes+mutations > 0 {
				t.Errorf("%d late messages made %d writes and %d mutations", len(late), writes, mutations)
			}
		})
	}
	if left := w.Differences(); len(left) > 0 {
		t.Error(left)
	}
}
