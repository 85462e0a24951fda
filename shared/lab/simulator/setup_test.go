package simulator_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/option"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

const (
	testProject = "test-project"
	testZone    = "us-central1-a"
)

// clock is a controlled clock: sleeping advances it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

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

// world is a simulator on a controlled clock with the real Go clients on it.
type world struct {
	t     testing.TB
	cloud *simulator.Cloud
	clock *clock
	ctx   context.Context

	templates *compute.InstanceTemplatesClient
	groups    *compute.InstanceGroupManagersClient
	instances *compute.InstancesClient
	globalOps *compute.GlobalOperationsClient
	zoneOps   *compute.ZoneOperationsClient
}

// slow returns the options of most tests, in which everything takes time.
func slow() simulator.Options {
	return simulator.Options{OperationTime: 4 * time.Second, BootTime: 20 * time.Second}
}

func newWorld(t testing.TB, o simulator.Options) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(), ctx: t.Context()}
	o.Now, o.Sleep, o.Rand = w.clock.Now, w.clock.Sleep, rand.New(rand.NewPCG(1, 2))
	w.cloud = simulator.New(o)
	options := clientOptions("http://compute.invalid", &http.Client{Transport: w.cloud.Transport()})
	w.templates = must(compute.NewInstanceTemplatesRESTClient(w.ctx, options...))
	w.groups = must(compute.NewInstanceGroupManagersRESTClient(w.ctx, options...))
	w.instances = must(compute.NewInstancesRESTClient(w.ctx, options...))
	w.globalOps = must(compute.NewGlobalOperationsRESTClient(w.ctx, options...))
	w.zoneOps = must(compute.NewZoneOperationsRESTClient(w.ctx, options...))
	return w
}

func clientOptions(endpoint string, client *http.Client) []option.ClientOption {
	return []option.ClientOption{
		option.WithEndpoint(endpoint), option.WithHTTPClient(client), option.WithoutAuthentication(),
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// pass advances the clock and the state.
func (w *world) pass(d time.Duration) {
	_ = w.clock.Sleep(w.ctx, d) // the test's context has not ended
	w.cloud.Advance()
}

// settle waits until everything under way has happened.
func (w *world) settle() {
	for {
		next, ok := w.cloud.NextEvent()
		if !ok {
			return
		}
		w.pass(next.Sub(w.clock.Now()))
	}
}

func (w *world) template(name string) *computepb.InstanceTemplate {
	return &computepb.InstanceTemplate{
		Name: proto.String(name),
		Properties: &computepb.InstanceProperties{
			MachineType: proto.String("n1-standard-1"),
			Labels:      map[string]string{"owner": "test"},
			Disks: []*computepb.AttachedDisk{{
				Boot: proto.Bool(true), AutoDelete: proto.Bool(true),
				InitializeParams: &computepb.AttachedDiskInitializeParams{
					SourceImage: proto.String("global/images/debian"), DiskSizeGb: proto.Int64(20)},
			}},
			NetworkInterfaces: []*computepb.NetworkInterface{{
				Network: proto.String("global/networks/default"),
				AccessConfigs: []*computepb.AccessConfig{{
					Type: proto.String("ONE_TO_ONE_NAT")}},
			}},
			ServiceAccounts: []*computepb.ServiceAccount{{Email: proto.String("default")}},
		},
	}
}

func (w *world) insertTemplate(name string) {
	w.t.Helper()
	op, err := w.templates.Insert(w.ctx, &computepb.InsertInstanceTemplateRequest{
		Project: testProject, InstanceTemplateResource: w.template(name)})
	if err != nil {
		w.t.Fatalf("insert template %s: %v", name, err)
	}
	w.waitGlobal(op.Name())
}

func (w *world) insertGroup(name, template string, size int32, change ...func(*computepb.InstanceGroupManager)) {
	w.t.Helper()
	g := &computepb.InstanceGroupManager{
		Name: proto.String(name), BaseInstanceName: proto.String(name + "-vm"), TargetSize: proto.Int32(size),
		InstanceTemplate:            proto.String("global/instanceTemplates/" + template),
		ListManagedInstancesResults: proto.String("PAGINATED"),
	}
	for _, f := range change {
		f(g)
	}
	op, err := w.groups.Insert(w.ctx, &computepb.InsertInstanceGroupManagerRequest{
		Project: testProject, Zone: testZone, InstanceGroupManagerResource: g})
	if err != nil {
		w.t.Fatalf("insert group %s: %v", name, err)
	}
	w.waitZone(op.Name())
}

func (w *world) waitGlobal(name string) *computepb.Operation {
	w.t.Helper()
	op, err := w.globalOps.Wait(w.ctx, &computepb.WaitGlobalOperationRequest{Project: testProject, Operation: name})
	if err != nil {
		w.t.Fatalf("wait for %s: %v", name, err)
	}
	return op
}

func (w *world) waitZone(name string) *computepb.Operation {
	w.t.Helper()
	op, err := w.zoneOps.Wait(w.ctx, &computepb.WaitZoneOperationRequest{
		Project: testProject, Zone: testZone, Operation: name})
	if err != nil {
		w.t.Fatalf("wait for %s: %v", name, err)
	}
	return op
}

func (w *world) group(name string) *computepb.InstanceGroupManager {
	w.t.Helper()
	g, err := w.groups.Get(w.ctx, &computepb.GetInstanceGroupManagerRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: name})
	if err != nil {
		w.t.Fatalf("get group %s: %v", name, err)
	}
	return g
}

func (w *world) members(group string) []*computepb.ManagedInstance {
	w.t.Helper()
	var all []*computepb.ManagedInstance
	for m, err := range w.groups.ListManagedInstances(w.ctx, &computepb.ListManagedInstancesInstanceGroupManagersRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: group}).All() {
		if err != nil {
			w.t.Fatalf("list the VMs of %s: %v", group, err)
		}
		all = append(all, m)
	}
	return all
}
