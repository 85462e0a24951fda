//go:build !race

package functions_test

import (
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// lookOnly are the jobs that a freeze does not stop: they only record the state
// of the world.
var lookOnly = map[string]bool{
	"import-config": true, "process-config": true, "fetch-instances": true, "update-cataloged-instances": true,
	"cleanup-entities": true, "reclaim-machines": true,
}

// A pool is frozen when a job has something to do for it. The job waits until
// the pool is unfrozen, and then does it.
func TestRaceFreezeBeforeAJobRuns(t *testing.T) {
	for _, each := range functions.Jobs() {
		if lookOnly[each.Name] {
			continue
		}
		t.Run(each.Name, func(t *testing.T) {
			w := newWorld(t, world.Options{Seed: 173})
			w.Hold(each.Name)
			occasions[each.Name](w)
			w.Config.Set(func(c *world.Configuration) { c.Freeze = []string{"small", "large"} })
			w.Minutes(1)
			seen, before := events(w), w.Stats.Distinct
			w.ReleaseAll()
			w.Minutes(10)
			if made := w.Stats.Distinct - before; made > 0 {
				t.Errorf("%d changes were made while the pools were frozen", made)
			}
			if n := seen[job.CatalogedEvent] + seen[job.DeletionProposed]; n > 0 {
				t.Errorf("%d machines were offered or taken out while the pools were frozen", n)
			}
			if seen["FROZEN"] == 0 {
				t.Error("nothing was left alone: this test tests nothing")
			}
			w.Config.Set(func(c *world.Configuration) { c.Freeze = nil })
			w.Settle(time.Minute)
			before = w.Stats.Writes
			w.Converge(90)
			if w.Stats.Writes == before {
				t.Error("nothing was done when the pools were unfrozen")
			}
			w.StaysQuiet(1)
		})
	}
}
