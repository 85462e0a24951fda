package plan_test

import (
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/plan"
	"github.com/gce-backend/gce-backend/scripts/internal/suite"
	"github.com/gce-backend/gce-backend/shared/config"
)

// patience bounds each wait.
const patience = time.Minute

// rollout is a suite with a configuration that changes.
type rollout struct {
	*system
	suite  *suite.Suite
	folder string
	ahead  *atomic.Int64 // how far its clock is ahead, in nanoseconds
}

func (r rollout) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

// group is the beginning of what a pool waits for while its configuration may
// still be reverted.
const group = "its instance group to be deleted"

func (r rollout) configure(files config.Files) config.Config {
	r.t.Helper()
	for name, content := range map[string][]byte{config.TemplatesFile: files.Templates, config.ManagersFile: files.Managers} {
		r.must(os.WriteFile(filepath.Join(r.folder, name), content, 0o600))
	}
	parsed, problems := config.Parse(config.Files{Templates: files.Templates, Managers: files.Managers})
	if len(problems.Errors()) > 0 {
		r.t.Fatal(problems.Errors())
	}
	return parsed
}

// late is what is deleted 20 minutes after the VMs.
var late = []string{"its instance template to be deleted", "its records to be deleted"}

// settled waits until everything is as configured and nothing else is left.
func (r rollout) settled() {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		report, err := r.suite.Pools().Read(r.t.Context())
		if err == nil {
			err = report.Converged()
		}
		held := false
		for _, pool := range report.Pools {
			held = held || strings.HasPrefix(pool.Waits, group)
			if err == nil && pool.Waits != "" && !slices.Contains(late, pool.Waits) {
				err = fmt.Errorf("%s in %s is %s and waits for %s", pool.BaseName, pool.Zone, pool.State, pool.Waits)
			}
		}
		if err == nil {
			return
		}
		if held {
			r.ahead.Add(int64(10 * time.Second))
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("not settled after %v: %v", patience, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// vms counts the simulator's VMs by group.
func (r rollout) vms() map[string]int {
	groups := map[string]int{}
	for _, group := range r.suite.Cloud.State().Groups {
		groups[group.Zone+" "+group.Name] = 0
		for _, n := range group.VMs {
			groups[group.Zone+" "+group.Name] += n
		}
	}
	return groups
}

// difference describes how the VMs and groups changed.
func difference(before, after map[string]int) string {
	created, deleted := 0, 0
	var come, gone []string
	for name, n := range after {
		was, known := before[name]
		if !known {
			come = append(come, name)
		}
		created += max(n-was, 0)
		deleted += max(was-n, 0)
	}
	for name, was := range before {
		if _, there := after[name]; !there {
			gone = append(gone, name)
			deleted += was
		}
	}
	slices.Sort(come)
	slices.Sort(gone)
	return fmt.Sprintf("%d VMs created, %d deleted, groups %q created, %q deleted", created, deleted, come, gone)
}

func promised(p plan.Plan) string {
	var come, gone []string
	for _, template := range p.Templates {
		for _, group := range template.Groups {
			if group.Change == plan.Create {
				come = append(come, group.Zone+" "+group.Name)
			}
			if group.Delete {
				gone = append(gone, group.Zone+" "+group.Name)
			}
		}
	}
	slices.Sort(come)
	slices.Sort(gone)
	return fmt.Sprintf("%d VMs created, %d deleted, groups %q created, %q deleted", p.Total.CreateVMs, p.Total.DeleteVMs, come, gone)
}

// A running suite makes exactly the VMs and groups that the plan says.
func TestPlanIsTheRollout(t *testing.T) {
	r := rollout{system: newSystem(t, 7), folder: t.TempDir(), ahead: &atomic.Int64{}}
	r.rand = rand.New(rand.NewPCG(7, 7)) //nolint:gosec // the same configurations each time
	r.must(os.WriteFile(filepath.Join(r.folder, config.SettingsFile), []byte(`backends { name: "GCE" members: "backend@example.com" }`), 0o600))
	r.configure(random(r.rand, 0))
	started, err := suite.Start(t.Context(), suite.Options{
		Config: r.folder, Tick: 100 * time.Millisecond, VMBoot: 50 * time.Millisecond, Operation: 20 * time.Millisecond, Now: r.now,
	})
	r.must(err)
	r.suite = started
	defer r.suite.Stop(t.Context())
	r.settled()
	for step := range 4 {
		state, err := plan.Read(t.Context(), readOnly{r.suite.Store, t}, slog.New(slog.DiscardHandler))
		r.must(err)
		before := maps.Clone(r.vms())
		files := random(r.rand, step)
		parsed := r.configure(files)
		made, err := plan.Make(state, parsed)
		r.must(err)
		r.settled()
		if got, want := promised(made), difference(before, r.vms()); got != want {
			t.Errorf("step %d: planned\n%s\nbut there were\n%s\n%s", step, got, want, made)
		}
	}
}
