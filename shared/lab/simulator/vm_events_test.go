package simulator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

func doNothing(g *computepb.InstanceGroupManager) {
	g.InstanceLifecyclePolicy = &computepb.InstanceGroupManagerInstanceLifecyclePolicy{
		DefaultActionOnFailure: proto.String("DO_NOTHING")}
}

// one returns the only member of the group.
func (w *world) one() *computepb.ManagedInstance {
	w.t.Helper()
	m := w.members("g")
	if len(m) != 1 {
		w.t.Fatalf("members: %v", m)
	}
	return m[0]
}

func TestVMEvents(t *testing.T) {
	preempt := func(w *world, name string) error { return w.cloud.Preempt(testProject, testZone, name) }
	stop := func(w *world, name string) error { return w.cloud.StopVM(testProject, testZone, name) }
	repair := func(w *world, name string) error { return w.cloud.RepairVM(testProject, testZone, name) }
	behind := func(w *world, name string) error { return w.cloud.DeleteVM(testProject, testZone, name) }
	direct := func(w *world, name string) error {
		_, err := w.instances.Delete(w.ctx, &computepb.DeleteInstanceRequest{
			Project: testProject, Zone: testZone, Instance: name})
		return err
	}
	for _, c := range []struct {
		name     string
		event    func(*world, string) error
		nothing  bool // the group's policy is DO_NOTHING
		status   string
		replaced bool
	}{
		{"preempted", preempt, false, "RUNNING", true},
		{"preempted, no repair", preempt, true, "TERMINATED", false},
		{"stopped", stop, false, "RUNNING", true},
		{"stopped, no repair", stop, true, "TERMINATED", false},
		{"auto-repaired, no repair", repair, true, "RUNNING", true},
		{"deleted behind the back", behind, false, "RUNNING", true},
		{"deleted behind the back, no repair", behind, true, "RUNNING", true},
		{"deleted directly", direct, false, "RUNNING", true},
		{"deleted directly, no repair", direct, true, "RUNNING", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := pool(t, 1, func(g *computepb.InstanceGroupManager) {
				if c.nothing {
					doNothing(g)
				}
			})
			before := w.one()
			if err := c.event(w, before.GetName()); err != nil {
				t.Fatal(err)
			}
			w.settle()
			after := w.one()
			if after.GetName() != before.GetName() || after.GetInstanceStatus() != c.status ||
				(after.GetId() != before.GetId()) != c.replaced || after.GetCurrentAction() != "NONE" {
				t.Errorf("before %v, after %v", before, after)
			}
			if size := w.group("g").GetTargetSize(); size != 1 {
				t.Errorf("the target size is %d", size)
			}
		})
	}
	w := pool(t, 0)
	if err := preempt(w, "none"); err == nil {
		t.Error("a VM that does not exist was preempted")
	}
}

// entry is the part of a LogEntry that the suite reads.
type entry struct {
	LogName  string
	Severity string
	InsertID string `json:"insertId"`
	Resource struct {
		Type   string
		Labels map[string]string
	}
	Operation    struct{ Last bool }
	ProtoPayload struct {
		MethodName, ResourceName, ServiceName string
		AuthenticationInfo                    struct{ PrincipalEmail string }
	}
	Timestamp time.Time
}

func TestActivity(t *testing.T) {
	var log []entry
	var w *world
	o := slow()
	o.OnActivity = func(raw []byte) {
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Errorf("%v in %s", err, raw)
		}
		log = append(log, e)
		w.cloud.State() // a receiver may call the Cloud
	}
	w = newWorld(t, o)
	w.insertTemplate("a")
	w.insertGroup("g", "a", 1, doNothing)
	w.settle()
	vm := w.one()
	for _, event := range []func(project, zone, name string) error{w.cloud.RepairVM, w.cloud.Preempt} {
		if err := event(testProject, testZone, vm.GetName()); err != nil {
			t.Fatal(err)
		}
		w.settle()
	}
	second := w.one()
	w.mustResize("g", 0)
	w.settle()
	var got []string
	for _, e := range log {
		what := "unknown"
		switch e.Resource.Labels["instance_id"] {
		case fmt.Sprint(vm.GetId()):
			what = "first"
		case fmt.Sprint(second.GetId()):
			what = "second"
		}
		got = append(got, e.ProtoPayload.MethodName+" "+what+" "+e.LogName[strings.LastIndex(e.LogName, "/")+1:])
		if e.ProtoPayload.ResourceName != "projects/test-project/zones/us-central1-a/instances/"+vm.GetName() ||
			e.Resource.Type != "gce_instance" || e.Resource.Labels["zone"] != testZone || !e.Operation.Last ||
			e.ProtoPayload.ServiceName != "compute.googleapis.com" || e.Timestamp.IsZero() || e.InsertID == "" ||
			e.ProtoPayload.AuthenticationInfo.PrincipalEmail == "" {
			t.Errorf("entry: %+v", e)
		}
	}
	const activity, system = " cloudaudit.googleapis.com%2Factivity", " cloudaudit.googleapis.com%2Fsystem_event"
	want := []string{
		"v1.compute.instances.insert first" + activity,
		"compute.instances.repair.recreateInstance first" + system,
		"v1.compute.instances.delete first" + activity,
		"v1.compute.instances.insert second" + activity,
		"compute.instances.preempted second" + system,
		"v1.compute.instances.delete second" + activity,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDisks(t *testing.T) {
	w := newWorld(t, slow())
	if err := w.cloud.CreateSnapshot(simulator.Snapshot{Project: testProject, Name: "snap",
		Labels: map[string]string{"k": "v"}, DiskSizeGb: 50}); err != nil {
		t.Fatal(err)
	}
	template := w.template("a")
	template.Properties.Disks = append(template.Properties.Disks, &computepb.AttachedDisk{
		DeviceName: proto.String("disk"), AutoDelete: proto.Bool(true),
		InitializeParams: &computepb.AttachedDiskInitializeParams{SourceSnapshot: proto.String("global/snapshots/snap")}},
		&computepb.AttachedDisk{DeviceName: proto.String("kept"), InitializeParams: &computepb.AttachedDiskInitializeParams{
			DiskSizeGb: proto.Int64(5)}})
	op, err := w.templates.Insert(w.ctx, &computepb.InsertInstanceTemplateRequest{
		Project: testProject, InstanceTemplateResource: template})
	if err != nil {
		t.Fatal(err)
	}
	w.waitGlobal(op.Name())
	w.insertGroup("g", "a", 1)
	w.settle()
	vm := w.one().GetName()
	instance, err := w.instances.Get(w.ctx, &computepb.GetInstanceRequest{Project: testProject, Zone: testZone, Instance: vm})
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, d := range instance.GetDisks() {
		sources = append(sources, d.GetSource()[strings.LastIndex(d.GetSource(), "/")+1:])
	}
	if fmt.Sprint(sources) != fmt.Sprintf("[%s %s-disk %s-kept]", vm, vm, vm) {
		t.Errorf("disks: %v", sources)
	}
	const base = "https://h/compute/v1/projects/test-project"
	_, disk := w.send(t, "GET", base+"/zones/us-central1-a/disks/"+vm+"-disk", "")
	if !strings.HasSuffix(fmt.Sprint(disk["sourceSnapshot"]), "/snap") || disk["sizeGb"] != "50" || disk["users"] == nil {
		t.Errorf("disk: %v", disk)
	}
	_, list := w.send(t, "GET", base+"/global/snapshots?filter=labels.k%3Dv", "")
	if items, _ := list["items"].([]any); len(items) != 1 || items[0].(map[string]any)["status"] != "READY" {
		t.Errorf("snapshots: %v", list)
	}
	w.mustResize("g", 0)
	w.settle()
	_, list = w.send(t, "GET", base+"/zones/us-central1-a/disks", "")
	if items, _ := list["items"].([]any); len(items) != 1 || items[0].(map[string]any)["name"] != vm+"-kept" {
		t.Errorf("disks left: %v", list)
	}
}

func TestStopAndStart(t *testing.T) {
	w := pool(t, 1, doNothing)
	before := w.one()
	if _, err := w.instances.Stop(w.ctx, &computepb.StopInstanceRequest{
		Project: testProject, Zone: testZone, Instance: before.GetName()}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if m := w.one(); m.GetInstanceStatus() != "TERMINATED" || m.GetId() != before.GetId() {
		t.Errorf("stopped: %v", m)
	}
	if _, err := w.instances.Start(w.ctx, &computepb.StartInstanceRequest{
		Project: testProject, Zone: testZone, Instance: before.GetName()}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if m := w.one(); m.GetInstanceStatus() != "RUNNING" || m.GetId() != before.GetId() {
		t.Errorf("started: %v", m)
	}
}
