package simulator_test

import (
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// lastError returns the first error of the group's first VM.
func (w *world) lastError(group string) (code, message string) {
	w.t.Helper()
	for _, m := range w.members(group) {
		for _, e := range m.GetLastAttempt().GetErrors().GetErrors() {
			return e.GetCode(), e.GetMessage()
		}
	}
	return "", ""
}

// Restrictions of machine type and zone apply when a VM is created.
func TestVMsThatCannotBeCreated(t *testing.T) {
	disk := func(kind string) func(*computepb.InstanceProperties) {
		return func(p *computepb.InstanceProperties) {
			p.Disks[0].InitializeParams.DiskType = proto.String(kind)
		}
	}
	maintenance := func(policy string) func(*computepb.InstanceProperties) {
		return func(p *computepb.InstanceProperties) {
			p.Scheduling = &computepb.Scheduling{OnHostMaintenance: proto.String(policy)}
		}
	}
	for _, c := range []struct {
		machineType string
		change      func(*computepb.InstanceProperties)
		code, want  string // empty: it can be created
	}{
		{"n9-standard-4", nil, "RESOURCE_NOT_FOUND", "The resource 'projects/test-project/zones/us-central1-a/machineTypes/n9-standard-4' was not found"},
		{"n4-standard-2", disk("pd-standard"), "UNSUPPORTED_OPERATION", "[pd-standard, n4-standard-2] features are not compatible for creating instance."},
		{"n4-standard-2", nil, "", ""}, // the default is hyperdisk-balanced
		{"c4a-standard-4", disk("pd-balanced"), "UNSUPPORTED_OPERATION", "[pd-balanced, c4a-standard-4] features are not compatible for creating instance."},
		{"c3-standard-4", disk("pd-standard"), "UNSUPPORTED_OPERATION", "[pd-standard, c3-standard-4] features are not compatible for creating instance."},
		{"c3-standard-4", disk("pd-ssd"), "", ""},
		{"e2-standard-4", disk("hyperdisk-balanced"), "UNSUPPORTED_OPERATION", "[hyperdisk-balanced, e2-standard-4] features are not compatible for creating instance."},
		{"n2-standard-4", disk("hyperdisk-balanced"), "", ""},
		{"g2-standard-4", nil, "INVALID_FIELD_VALUE", "Invalid value for field 'resource.scheduling.onHostMaintenance': 'MIGRATE'. " +
			"Scheduling must have onHostMaintenance be one of the following valid types: [TERMINATE]. But was MIGRATE"},
		{"g2-standard-4", maintenance("TERMINATE"), "", ""},
		{"c3-standard-192-metal", nil, "INVALID_FIELD_VALUE", "Invalid value for field 'resource.scheduling.onHostMaintenance': 'MIGRATE'. " +
			"Scheduling must have onHostMaintenance be one of the following valid types: [TERMINATE]. But was MIGRATE"},
		{"n1-standard-4", func(p *computepb.InstanceProperties) {
			p.GuestAccelerators = []*computepb.AcceleratorConfig{{AcceleratorType: proto.String("nvidia-tesla-t4"), AcceleratorCount: proto.Int32(1)}}
		}, "INVALID_USAGE", "Instances with guest accelerators do not support live migration."},
		{"e2-standard-4", maintenance("TERMINATE"), "INVALID_USAGE", "e2 instances do not support onHostMaintenance=TERMINATE unless they are preemptible."},
		{"e2-standard-4", func(p *computepb.InstanceProperties) { p.MinCpuPlatform = proto.String("Intel Skylake") },
			"UNSUPPORTED_OPERATION", "[Intel Skylake, e2-standard-4] features are not compatible for creating instance."},
	} {
		w := newWorld(t, slow())
		template := w.template("a")
		template.Properties.MachineType = proto.String(c.machineType)
		if c.change != nil {
			c.change(template.Properties)
		}
		if _, err := w.templates.Insert(w.ctx, &computepb.InsertInstanceTemplateRequest{Project: testProject, InstanceTemplateResource: template}); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.insertGroup("g", "a", 1)
		w.pass(30 * time.Second)
		if code, message := w.lastError("g"); code != c.code || message != c.want {
			t.Errorf("%s: got %s %q, want %s %q", c.machineType, code, message, c.code, c.want)
		}
		if running := w.cloud.State().VMs == 1; running != (c.code == "") {
			t.Errorf("%s: %d VMs", c.machineType, w.cloud.State().VMs)
		}
	}
}

func (w *world) snapshotTemplate(name, snapshot string) {
	w.t.Helper()
	template := w.template(name)
	template.Properties.Disks[0].InitializeParams = &computepb.AttachedDiskInitializeParams{SourceSnapshot: proto.String("global/snapshots/" + snapshot)}
	if _, err := w.templates.Insert(w.ctx, &computepb.InsertInstanceTemplateRequest{Project: testProject, InstanceTemplateResource: template}); err != nil {
		w.t.Fatal(err)
	}
	w.settle()
}

// Six disks an hour can be created from a snapshot.
func TestSnapshotLimit(t *testing.T) {
	w := newWorld(t, slow())
	for _, name := range []string{"s", "other"} {
		if err := w.cloud.CreateSnapshot(simulator.Snapshot{Project: testProject, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	w.snapshotTemplate("a", "s")
	w.insertGroup("g", "a", 8)
	w.pass(5 * time.Minute)
	code, message := w.lastError("g")
	if n := w.cloud.State().VMs; n != 6 || code != "RESOURCE_OPERATION_RATE_EXCEEDED" ||
		message != "Operation rate exceeded for resource 'projects/test-project/global/snapshots/s'. Too frequent operations from the source resource." {
		t.Errorf("%d VMs, %s %q", n, code, message)
	}
	op := w.done(t, "POST", zoneURL+"/disks", `{"name": "d", "sourceSnapshot": "global/snapshots/s"}`)
	image := w.done(t, "POST", projectURL+"/global/images", `{"name": "i", "sourceSnapshot": "global/snapshots/s"}`)
	for _, op := range []map[string]any{op, image} {
		if fmt.Sprint(op["error"]) != "map[errors:[map[code:RESOURCE_OPERATION_RATE_EXCEEDED message:"+message+"]]]" {
			t.Errorf("operation: %v", op)
		}
	}
	if op := w.done(t, "POST", zoneURL+"/disks", `{"name": "d", "sourceSnapshot": "global/snapshots/other"}`); op["error"] != nil {
		t.Errorf("another snapshot: %v", op)
	}
	w.pass(time.Hour)
	w.settle()
	if n := w.cloud.State().VMs; n != 8 {
		t.Errorf("an hour later: %d VMs", n)
	}

	free := newWorld(t, simulator.Options{NoSnapshotLimit: true})
	_ = free.cloud.CreateSnapshot(simulator.Snapshot{Project: testProject, Name: "s"}) // a valid name
	free.snapshotTemplate("a", "s")
	free.insertGroup("g", "a", 8)
	if n := free.cloud.State().VMs; n != 8 {
		t.Errorf("without the limit: %d VMs", n)
	}
}

// An image is READY once its creation is complete. A VM of it cannot be created
// before that, or after its deletion.
func TestImages(t *testing.T) {
	o := slow()
	o.ImageTime = 10 * time.Minute
	w := newWorld(t, o)
	if err := w.cloud.CreateSnapshot(simulator.Snapshot{Project: testProject, Name: "s", DiskSizeGb: 30}); err != nil {
		t.Fatal(err)
	}
	const url = projectURL + "/global/images"
	status, _ := w.send(t, "POST", url, `{"name": "i", "family": "f", "labels": {"a": "b"}, "sourceSnapshot": "global/snapshots/s"}`)
	w.pass(time.Minute)
	if made := w.get(t, url+"/i"); status != 200 || made["status"] != "PENDING" {
		t.Errorf("while it is made: %d %v", status, made)
	}
	w.refused(t, "POST", url, `{"name": "i", "sourceSnapshot": "global/snapshots/s"}`, 409, "already exists")
	template := w.template("a")
	template.Properties.Disks[0].InitializeParams = &computepb.AttachedDiskInitializeParams{SourceImage: proto.String("global/images/i")}
	if _, err := w.templates.Insert(w.ctx, &computepb.InsertInstanceTemplateRequest{Project: testProject, InstanceTemplateResource: template}); err != nil {
		t.Fatal(err)
	}
	w.pass(5 * time.Second)
	w.insertGroup("g", "a", 1)
	w.pass(30 * time.Second)
	if code, _ := w.lastError("g"); code != "RESOURCE_NOT_READY" {
		t.Errorf("a VM of an image that is not ready: %s", code)
	}
	w.pass(10 * time.Minute)
	w.settle()
	made := w.get(t, url+"/i")
	if made["status"] != "READY" || made["diskSizeGb"] != "30" || made["sourceSnapshot"] != "https://www.googleapis.com/compute/v1/projects/test-project/global/snapshots/s" ||
		fmt.Sprint(made["labels"]) != "map[a:b]" {
		t.Errorf("image: %v", made)
	}
	if newest := w.get(t, url+"/family/f"); newest["name"] != "i" {
		t.Errorf("newest of the family: %v", newest)
	}
	if list := w.get(t, url+"?filter=labels.a=b"); len(list["items"].([]any)) != 1 {
		t.Errorf("list: %v", list)
	}
	w.done(t, "POST", url+"/i/setLabels", fmt.Sprintf(`{"labels": {"c": "d"}, "labelFingerprint": %q}`, made["labelFingerprint"]))
	if labels := w.get(t, url+"/i")["labels"]; fmt.Sprint(labels) != "map[c:d]" {
		t.Errorf("labels: %v", labels)
	}
	vm := w.members("g")[0].GetName()
	if d := w.get(t, zoneURL+"/disks/"+vm); d["sizeGb"] != "30" || d["sourceImage"] != made["selfLink"] {
		t.Errorf("disk: %v", d)
	}
	w.done(t, "DELETE", url+"/i", "")
	w.refused(t, "GET", url+"/i", "", 404, "images/i")
	w.mustResize("g", 2)
	w.pass(30 * time.Second)
	if code, _ := w.lastError("g"); code != "RESOURCE_NOT_FOUND" {
		t.Errorf("a VM of an image that was deleted: %s", code)
	}
}

// A group lists a VM for a while after its instance is gone.
func TestListedAfterDeletion(t *testing.T) {
	o := slow()
	o.ListedAfterDeletion = time.Minute
	w := poolOf(t, o, 2)
	w.mustResize("g", 1)
	w.pass(30 * time.Second)
	var gone []string
	for _, m := range w.members("g") {
		if m.GetId() == 0 && m.GetInstanceStatus() == "" && m.GetCurrentAction() == "DELETING" {
			gone = append(gone, m.GetName())
		}
	}
	if s := w.cloud.State(); len(gone) != 1 || s.VMs != 1 || s.Disks != 1 || w.group("g").GetStatus().GetIsStable() {
		t.Fatalf("gone but listed: %v; %+v", gone, s)
	}
	w.refused(t, "GET", zoneURL+"/instances/"+gone[0], "", 404, gone[0])

	// The deletion of the group waits for that VM.
	other := poolOf(t, o, 2)
	other.mustResize("g", 1)
	other.pass(30 * time.Second)
	if status, _ := other.send(t, "DELETE", zoneURL+"/instanceGroupManagers/g", ""); status != 200 || len(other.cloud.VMs()) != 2 {
		t.Errorf("while a VM is gone but listed: %d, %v", status, other.cloud.VMs())
	}
	other.settle()
	if s := other.cloud.State(); len(s.Groups) != 0 || len(other.cloud.VMs()) != 0 {
		t.Errorf("after the group's deletion: %+v", s)
	}

	w.pass(time.Minute)
	if n := len(w.members("g")); n != 1 || !w.group("g").GetStatus().GetIsStable() {
		t.Errorf("%d VMs later", n)
	}
	w.done(t, "DELETE", zoneURL+"/instanceGroupManagers/g", "")
	if s := w.cloud.State(); len(s.Groups) != 0 || len(w.cloud.VMs()) != 0 {
		t.Errorf("after the group's deletion: %+v", s)
	}
}

// Whether a group with DO_NOTHING recreates a VM that was deleted directly is a
// setting.
func TestDeletedLeavesMember(t *testing.T) {
	for _, leaves := range []bool{false, true} {
		w := pool(t, 2, func(g *computepb.InstanceGroupManager) {
			g.InstanceLifecyclePolicy = &computepb.InstanceGroupManagerInstanceLifecyclePolicy{DefaultActionOnFailure: proto.String("DO_NOTHING")}
		})
		if status, answer := w.send(t, "POST", "https://h/admin/settings", fmt.Sprintf(`{"deletedLeavesMember": %t}`, leaves)); status != 200 {
			t.Fatalf("settings: %d %v", status, answer)
		}
		name := w.members("g")[0].GetName()
		w.done(t, "DELETE", zoneURL+"/instances/"+name, "")
		w.settle()
		m := w.members("g")[0]
		if m.GetName() != name || m.GetCurrentAction() != "NONE" || (m.GetId() == 0) != leaves || (m.GetInstanceStatus() == "") != leaves {
			t.Errorf("leaves a member: %v; it is %v", leaves, m)
		}
		w.done(t, "POST", zoneURL+"/instanceGroupManagers/g/deleteInstances", fmt.Sprintf(`{"instances": ["zones/us-central1-a/instances/%s"]}`, name))
		if left := w.members("g"); len(left) != 1 || w.group("g").GetTargetSize() != 1 {
			t.Errorf("leaves a member: %v; after its deletion: %v", leaves, left)
		}
	}
}
