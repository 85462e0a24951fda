package rest_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

const (
	project  = "some-project"
	zone     = "us-central1-a"
	template = "linux-abc"
)

var ref = compute.GroupRef{Project: project, Zone: zone, Name: "linux-abc"}

// clock is a controlled clock, which sleeping advances.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// world is an engine and a simulator in this process, with the same clock.
type world struct {
	*rest.Engine
	t     *testing.T
	cloud *simulator.Cloud
	clock *clock
}

func newWorld(t *testing.T, change ...func(*rest.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
	w.cloud = simulator.New(simulator.Options{
		OperationTime: 4 * time.Second, BootTime: 20 * time.Second,
		Now: w.clock.Now, Sleep: w.clock.Sleep, Rand: rand.New(rand.NewPCG(1, 2)),
	})
	options := rest.Options{
		HTTPClient: &http.Client{Transport: w.cloud.Transport()}, Endpoint: "http://compute.invalid",
		Now: w.clock.Now, Sleep: w.clock.Sleep, Rand: func() float64 { return 0.5 },
	}
	for _, f := range change {
		f(&options)
	}
	w.Engine = rest.New(options)
	return w
}

// settle lets everything that is under way finish.
func (w *world) settle() {
	for {
		next, ok := w.cloud.NextEvent()
		if !ok {
			return
		}
		_ = w.clock.Sleep(w.t.Context(), next.Sub(w.clock.Now())) // the test's context has not ended
		w.cloud.Advance()
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// want checks an error's class.
func (w *world) want(err error, class failure.Class) {
	w.t.Helper()
	if got := failure.ClassOf(err); got != class {
		w.t.Fatalf("got %v of class %q, want class %q", err, got, class)
	}
}

func newTemplate(name string) compute.Template {
	return compute.Template{Project: project, Name: name, Properties: compute.Properties(fleet.TemplateSpec{
		Project: project, MachineType: "n1-standard-4", MinCPUPlatform: "Intel Skylake",
		ImageProject: "images", ImageName: "debian-12", DiskType: "pd-ssd", DiskSizeGB: 100,
		Network: "global/networks/default", ExternalIP: true,
		Metadata: map[string]string{"startup-script": "#!/bin/sh\necho up", "empty": ""},
		Tags:     []string{"http", "https"},
		ServiceAccounts: []fleet.ServiceAccount{
			{Name: "machine@some-project.iam.gserviceaccount.com", Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"}},
		},
	}, "", "test")}
}

// group makes a template and a group with the given number of VMs.
func (w *world) group(size int) compute.Group {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(w.InsertTemplate(ctx, newTemplate(template), ""))
	made, err := w.Template(ctx, project, template)
	w.must(err)
	w.must(w.InsertGroup(ctx, compute.NewGroup{
		GroupRef: ref, TemplateURL: made.URL, BaseInstanceName: "linux-abc-us-central1-a",
		Labels: map[string]string{compute.OwnershipLabel: "test"},
	}, ""))
	if size > 0 {
		w.must(w.ResizeGroup(ctx, ref, size, ""))
		w.settle()
	}
	group, err := w.Group(ctx, ref)
	w.must(err)
	return group
}
