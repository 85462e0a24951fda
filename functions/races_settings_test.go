//go:build !race

package functions_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// A pool is frozen while a run works on it. The run may finish its current
// step, and nothing else happens until the pool is unfrozen.
func TestRaceFreezeWhileAJobRuns(t *testing.T) {
	empty := func(c *world.Configuration) { c.Pools = map[string]world.Pool{} }
	for name, c := range map[string]struct {
		job, behind string
		n           int
		change      func(*world.Configuration)
		start       func(*world.Configuration)
	}{
		"a template is made":      {"create-instance-templates", "get  config/", 1, nil, nil},
		"a group is made":         {"create-instance-group-managers", "get  config/", 1, nil, nil},
		"a group grows":           {"resize-instance-groups", "commit ", 1, one(5, 9), one(1, 3)},
		"machines are offered":    {"catalog-instances", "state=cataloged", 1, one(5, 9), one(1, 3)},
		"machines are taken out":  {"remove-cataloged-instances", "get  config/", 1, variant(2), one(3, 5)},
		"machines are deleted":    {"delete-instances-pending-deletion", "/delete_machines", 1, variant(2), one(3, 5)},
		"the group is deleted":    {deleteGroups, "deleting=true", 1, empty, one(0, 3)},
		"the template is deleted": {"delete-instance-templates", "deleting=true", 1, empty, one(0, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, world.Options{Seed: 171})
			if c.start != nil {
				w.Config.Set(c.start)
				w.Converge(20)
			} else {
				c.change = one(3, 5)
			}
			hangBehind(w, c.job, c.behind, c.n)
			w.Config.Set(c.change)
			untilHung(t, w)
			w.Config.Set(func(c *world.Configuration) { c.Freeze = []string{"pool"} })
			w.Settle(20 * time.Second)
			w.RunFor(20 * time.Second) // until the runs under way have ended
			before := w.Stats.Distinct
			w.Unhang()
			w.RunFor(time.Minute)
			if made := w.Stats.Distinct - before; made > 1 {
				t.Errorf("the run that hung made %d changes", made)
			}
			before = w.Stats.Distinct
			w.Minutes(20)
			if made := w.Stats.Distinct - before; made > 0 {
				t.Errorf("%d changes were made while it was frozen", made)
			}
			w.Config.Set(func(c *world.Configuration) { c.Freeze = nil })
			w.Converge(90)
			w.StaysQuiet(1)
		})
	}
}

// snapshots adds a snapshot to every template.
type snapshots struct{ configsource.Source }

func (s snapshots) Read(ctx context.Context) (config.Files, error) {
	files, err := s.Source.Read(ctx)
	files.Templates = []byte(strings.ReplaceAll(string(files.Templates), "disk_size_gb: 20", `disk_size_gb: 20 snapshot_labels: "contents:checkout"`))
	return files, err
}

func newSnapshotWorld(t *testing.T) *world.World {
	return newWorld(t, world.Options{Seed: 172, Plant: world.Plant{Name: "snapshots", Dependencies: func(_ string, deps job.Dependencies) job.Dependencies {
		deps.Source = snapshots{deps.Source}
		return deps
	}}})
}

func snapshot(t *testing.T, w *world.World, name string, labels map[string]string) {
	t.Helper()
	if err := w.Cloud.CreateSnapshot(simulator.Snapshot{Project: world.Project, Name: name, Labels: labels}); err != nil {
		t.Fatal(err)
	}
}

var checkout = map[string]string{"contents": "checkout"}

// A template without a snapshot waits for one that matches.
func TestRaceNoSnapshotYet(t *testing.T) {
	w := newSnapshotWorld(t)
	w.Config.Set(one(2, 4))
	snapshot(t, w, "other", map[string]string{"contents": "other"})
	w.Minutes(10)
	if made := w.Stats.Mutations; made > 0 {
		t.Errorf("%d changes were made without a snapshot", made)
	}
	snapshot(t, w, "first", checkout)
	w.Converge(5)
	w.StaysQuiet(1)
}

// A newer snapshot arrives while the template is created from the older one.
// The existing template is the right one, whichever run recorded it.
func TestRaceNewerSnapshot(t *testing.T) {
	for name, c := range map[string]struct {
		behind string
		n      int
		killed bool
	}{
		"resolved":       {"snapshots", 1, false},
		"made":           {"POST " + world.Project + "/global/instanceTemplates", 1, false},
		"made, and lost": {"POST " + world.Project + "/global/instanceTemplates", 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newSnapshotWorld(t)
			snapshot(t, w, "first", checkout)
			hangBehind(w, "create-instance-templates", c.behind, c.n)
			w.Config.Set(one(2, 4))
			untilHung(t, w)
			w.RunFor(time.Minute)
			snapshot(t, w, "second", checkout)
			if c.killed {
				w.RunFor(10 * time.Minute) // longer than the run may take
			}
			w.Minutes(2)
			w.Unhang()
			w.Converge(10)
			w.StaysQuiet(1)
		})
	}
}
