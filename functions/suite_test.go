package functions_test

import (
	"net/http"
	"os"
	"runtime/debug"
	"testing"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/machineprovider"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// TestMain reduces garbage collection: a world makes much garbage and keeps
// little memory.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// suite is the whole suite as a world runs it.
func suite(t testing.TB) world.Suite {
	t.Helper()
	parsed, err := manifest.Parse(functions.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	return world.Suite{Jobs: functions.Jobs(), Manifest: parsed, MachineProvider: machineProvider}
}

func machineProvider(m world.MachineProvider) http.Handler {
	return machineprovider.New(machineprovider.Dependencies{
		Store: m.Store, Publish: m.Publish, Settings: m.Settings, Limits: m.Limits,
		Now: m.Now, Rand: m.Rand, Log: m.Log, Verify: verify, Project: world.Project,
	})
}

var verify = func() identity.Verifier {
	v, err := identity.NewLocal(func(string) string { return "" })
	if err != nil {
		panic(err)
	}
	return v
}()

// newWorld makes a world and ends it with the test.
func newWorld(t *testing.T, options world.Options) *world.World {
	t.Helper()
	options.Trace = true
	w := world.New(suite(t), options)
	t.Cleanup(func() {
		if broken := w.Broken(); broken != nil && !t.Failed() {
			t.Errorf("broken: %v", broken)
		}
		if t.Failed() {
			t.Log("the end of the trace:\n" + w.Trace(60))
			if path := os.Getenv("WORLD_TRACE"); path != "" { // all of it, into a file
				if err := os.WriteFile(path, []byte(w.Trace(0)), 0o600); err != nil {
					t.Log(err)
				}
			}
		}
		w.Close()
	})
	return w
}

// example is a configuration of 12 VMs.
func example(c *world.Configuration) {
	c.Pools = map[string]world.Pool{
		"small": {Variant: 1, Zones: map[string]fleet.Sizes{"us-central1-a": {Minimum: 4, Maximum: 10}, "us-central1-b": {Minimum: 3, Maximum: 10}}},
		"large": {Variant: 1, Zones: map[string]fleet.Sizes{"europe-west1-b": {Minimum: 5, Maximum: 8}}},
	}
}
