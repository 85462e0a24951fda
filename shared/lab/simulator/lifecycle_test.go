package simulator_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/protobuf/proto"
)

// expectError checks an answer's status and reason as a Go client sees them.
func expectError(t *testing.T, err error, status int, reason string) {
	t.Helper()
	var api *apierror.APIError
	if !errors.As(err, &api) || api.HTTPCode() != status {
		t.Fatalf("got error %v, want status %d", err, status)
	}
	var g *googleapi.Error
	if !errors.As(api.Unwrap(), &g) || len(g.Errors) != 1 || g.Errors[0].Reason != reason {
		t.Fatalf("got error %v, want reason %s", err, reason)
	}
}

func TestTemplateLife(t *testing.T) {
	w := newWorld(t, slow())
	op, err := w.templates.Insert(w.ctx, &computepb.InsertInstanceTemplateRequest{
		Project: testProject, InstanceTemplateResource: w.template("a")})
	if err != nil {
		t.Fatal(err)
	}
	if got := op.Proto().GetStatus(); got != computepb.Operation_RUNNING {
		t.Errorf("status at acceptance: %v", got)
	}
	get := func() (*computepb.InstanceTemplate, error) {
		return w.templates.Get(w.ctx, &computepb.GetInstanceTemplateRequest{Project: testProject, InstanceTemplate: "a"})
	}
	_, err = get()
	expectError(t, err, 404, "notFound")
	_, err = w.templates.Insert(w.ctx, &computepb.InsertInstanceTemplateRequest{
		Project: testProject, InstanceTemplateResource: w.template("a")})
	expectError(t, err, 409, "alreadyExists")

	if done := w.waitGlobal(op.Name()); done.GetStatus() != computepb.Operation_DONE || done.GetProgress() != 100 {
		t.Errorf("after wait: %v", done)
	}
	got, err := get()
	if err != nil {
		t.Fatal(err)
	}
	p := got.GetProperties()
	if p.GetLabels()["owner"] != "test" || p.GetDisks()[0].GetInitializeParams().GetDiskSizeGb() != 20 ||
		p.GetDisks()[0].GetDeviceName() != "boot" || got.GetId() == 0 || got.GetSelfLink() == "" {
		t.Errorf("template came back as %v", got)
	}
	del, err := w.templates.Delete(w.ctx, &computepb.DeleteInstanceTemplateRequest{Project: testProject, InstanceTemplate: "a"})
	if err != nil {
		t.Fatal(err)
	}
	w.waitGlobal(del.Name())
	_, err = get()
	expectError(t, err, 404, "notFound")
}

func TestGroupGrowsBootsAndGoes(t *testing.T) {
	w := newWorld(t, slow())
	w.insertTemplate("a")
	w.insertGroup("g", "a", 0)
	if g := w.group("g"); !g.GetStatus().GetIsStable() || g.GetInstanceTemplate() == "" || g.GetFingerprint() == "" {
		t.Errorf("empty group: %v", g)
	}
	op, err := w.groups.Resize(w.ctx, &computepb.ResizeInstanceGroupManagerRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: "g", Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got := op.Proto().GetStatus(); got != computepb.Operation_PENDING {
		t.Errorf("status at acceptance: %v", got)
	}
	g := w.group("g")
	if g.GetTargetSize() != 3 || g.GetCurrentActions().GetCreating() != 3 || g.GetStatus().GetIsStable() {
		t.Errorf("after resize: %v", g)
	}
	for _, m := range w.members("g") {
		if m.GetId() != 0 || m.GetInstanceStatus() != "" || m.GetCurrentAction() != "CREATING" ||
			!strings.HasPrefix(m.GetName(), "g-vm-") || len(m.GetName()) != len("g-vm-xxxx") {
			t.Errorf("new member: %v", m)
		}
	}
	for _, step := range []struct {
		after  time.Duration
		status string
	}{{2 * time.Second, "PROVISIONING"}, {6 * time.Second, "STAGING"}, {12 * time.Second, "RUNNING"}} {
		w.pass(step.after)
		if m := w.members("g")[0]; m.GetInstanceStatus() != step.status || m.GetId() == 0 {
			t.Errorf("want %s: %v", step.status, m)
		}
	}
	g = w.group("g")
	if g.GetCurrentActions().GetNone() != 3 || !g.GetStatus().GetIsStable() {
		t.Errorf("after boot: %v", g)
	}

	_, err = w.templates.Delete(w.ctx, &computepb.DeleteInstanceTemplateRequest{Project: testProject, InstanceTemplate: "a"})
	expectError(t, err, 400, "resourceInUseByAnotherResource")

	del, err := w.groups.Delete(w.ctx, &computepb.DeleteInstanceGroupManagerRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: "g"})
	if err != nil {
		t.Fatal(err)
	}
	if g := w.group("g"); g.GetCurrentActions().GetDeleting() != 3 || g.GetStatus().GetIsStable() {
		t.Errorf("group being deleted: %v", g)
	}
	_, err = w.groups.Resize(w.ctx, &computepb.ResizeInstanceGroupManagerRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: "g", Size: 5})
	expectError(t, err, 400, "resourceNotReady")
	w.waitZone(del.Name())
	_, err = w.groups.Get(w.ctx, &computepb.GetInstanceGroupManagerRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: "g"})
	expectError(t, err, 404, "notFound")
}

func TestDeleteInstances(t *testing.T) {
	w := newWorld(t, slow())
	w.insertTemplate("a")
	w.insertGroup("g", "a", 4)
	w.settle()
	members := w.members("g")
	call := func(skip bool, urls ...string) error {
		_, err := w.groups.DeleteInstances(w.ctx, &computepb.DeleteInstancesInstanceGroupManagerRequest{
			Project: testProject, Zone: testZone, InstanceGroupManager: "g",
			InstanceGroupManagersDeleteInstancesRequestResource: &computepb.InstanceGroupManagersDeleteInstancesRequest{
				Instances: urls, SkipInstancesOnValidationError: proto.Bool(skip)}})
		return err
	}
	unknown := strings.Replace(members[0].GetInstance(), members[0].GetName(), "other-vm", 1)
	expectError(t, call(false, members[0].GetInstance(), unknown), 400, "invalid")
	if g := w.group("g"); g.GetTargetSize() != 4 {
		t.Errorf("a refused call changed the size: %v", g)
	}
	if err := call(true, members[0].GetInstance(), unknown, members[0].GetInstance()); err != nil {
		t.Fatal(err)
	}
	if g := w.group("g"); g.GetTargetSize() != 3 || g.GetCurrentActions().GetDeleting() != 1 {
		t.Errorf("accepted: %v", g)
	}
	expectError(t, call(false, members[0].GetInstance()), 400, "invalid")
	w.settle()
	if got := w.members("g"); len(got) != 3 {
		t.Errorf("left: %v", got)
	}
	expectError(t, call(true, "zones/us-east1-b/instances/x"), 400, "invalid")
}
