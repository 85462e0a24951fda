package simulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

func TestRequestID(t *testing.T) {
	w := pool(t, 0)
	const id = "3f0a1f6e-8f0b-4c57-9b57-0d2f6f0b8a11"
	resize := func(id string, size int32) (string, error) {
		op, err := w.groups.Resize(w.ctx, &computepb.ResizeInstanceGroupManagerRequest{Project: testProject,
			Zone: testZone, InstanceGroupManager: "g", Size: size, RequestId: proto.String(id)})
		if err != nil {
			return "", err
		}
		return op.Name(), nil
	}
	first, err := resize(id, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := resize(strings.ToUpper(id), 9)
	if err != nil || again != first {
		t.Errorf("the same request id answered %s, %v; want %s", again, err, first)
	}
	if size := w.group("g").GetTargetSize(); size != 1 {
		t.Errorf("a repeated request changed the size to %d", size)
	}
	for _, bad := range []string{"x", "00000000-0000-0000-0000-000000000000"} {
		_, err := resize(bad, 2)
		expectError(t, err, 400, "invalid")
	}
	_, err = w.groups.Delete(w.ctx, &computepb.DeleteInstanceGroupManagerRequest{Project: testProject,
		Zone: testZone, InstanceGroupManager: "g", RequestId: proto.String(id)})
	expectError(t, err, 400, "invalid")
	w.pass(time.Hour)
	if later, err := resize(id, 2); err != nil || later == first {
		t.Errorf("an hour later: %s, %v", later, err)
	}
}

func TestQuota(t *testing.T) {
	w := pool(t, 0)
	w.pass(time.Minute)
	w.cloud.SetQuota(&simulator.Quota{Mutations: 2, Reads: 3, HeavyReads: 1})
	w.mustResize("g", 1)
	w.members("g") // counts with the mutations
	_, err := w.resize("g", 2)
	expectError(t, err, 403, "rateLimitExceeded")
	w.group("g") // reads are another group
	w.waitOnce(t, 404)
	w.waitOnce(t, 403)
	w.pass(w.clock.Now().Truncate(time.Minute).Add(time.Minute).Sub(w.clock.Now()))
	w.mustResize("g", 2)
	w.cloud.SetQuota(nil)
	for range 10 {
		w.mustResize("g", 2)
	}
}

func (w *world) waitOnce(t *testing.T, status int) {
	t.Helper()
	got, _ := w.send(t, "POST", "https://h/compute/v1/projects/test-project/global/operations/none/wait", "")
	if got != status {
		t.Errorf("operations.wait: %d, want %d", got, status)
	}
}

func TestRefusals(t *testing.T) {
	w := pool(t, 0)
	const base = "https://h/compute/v1/projects/test-project"
	const groups = base + "/zones/us-central1-a/instanceGroupManagers"
	long := strings.Repeat("a", 64)
	for _, c := range []struct {
		verb, url, body string
		status          int
		reason          string
	}{
		{"POST", base + "/global/instanceTemplates", `{`, 400, "parseError"},
		{"POST", base + "/global/instanceTemplates", `{"name": 7}`, 400, "badRequest"},
		{"POST", base + "/global/instanceTemplates", `{}`, 400, "required"},
		{"POST", base + "/global/instanceTemplates", `{"name": "Big"}`, 400, "invalid"},
		{"POST", base + "/global/instanceTemplates", `{"name": "` + long + `"}`, 400, "invalid"},
		{"POST", base + "/global/instanceTemplates", `{"name": "b"}`, 400, "required"},
		{"POST", base + "/global/instanceTemplates", `{"name": "b", "properties": {"machineType": "n1-standard-1"}}`, 400, "invalid"},
		{"POST", groups, `{"name": "g", "targetSize": 0}`, 409, "alreadyExists"},
		{"POST", groups, `{"name": "h", "targetSize": 0, "instanceTemplate": "global/instanceTemplates/none"}`, 404, "notFound"},
		{"POST", groups, `{"name": "h", "targetSize": 0, "instanceTemplate": "global/networks/default"}`, 400, "invalid"},
		{"POST", groups, `{"name": "h", "targetSize": 0, "baseInstanceName": "` + long[:59] + `"}`, 400, "invalid"},
		{"POST", groups, `{"name": "h", "targetSize": 1001}`, 400, "invalid"},
		{"POST", groups + "/g/resize", ``, 400, "required"},
		{"POST", groups + "/g/resize?size=-1", ``, 400, "invalid"},
		{"POST", groups + "/g/resize?size=2001", ``, 400, "invalid"},
		{"POST", groups + "/none/resize?size=1", ``, 404, "notFound"},
		{"POST", groups + "/g/deleteInstances", `{}`, 400, "required"},
		{"POST", groups + "/g/deleteInstances", `{"instances": ["a/b/c/d/e"]}`, 400, "invalid"},
		{"POST", groups + "/g/createInstances", `{"instances": [{"name": "Big"}]}`, 400, "invalid"},
		{"PATCH", groups + "/g", `{"name": "h"}`, 400, "invalid"},
		{"PATCH", groups + "/g", `{"fingerprint": "AAAAAAAAAAA="}`, 412, "conditionNotMet"},
		{"DELETE", base + "/global/instanceTemplates/none", ``, 404, "notFound"},
		{"GET", base + "/zones/us-central1-a/instances/none", ``, 404, "notFound"},
		{"GET", base + "/zones/us-central1-a/machineTypes/none", ``, 404, "notFound"},
		{"GET", base + "/nothing", ``, 501, "notImplemented"},
	} {
		status, answer := w.send(t, c.verb, c.url, c.body)
		e, _ := answer["error"].(map[string]any)
		items, _ := e["errors"].([]any)
		if status != c.status || len(items) != 1 || items[0].(map[string]any)["reason"] != c.reason ||
			e["message"] == "" || fmt.Sprint(e["code"]) != fmt.Sprint(c.status) {
			t.Errorf("%s %s %s: got %d %v, want %d %s", c.verb, c.url, c.body, status, answer, c.status, c.reason)
		}
	}
	if n := w.cloud.State().Operations; n != 0 {
		t.Errorf("refused calls left %d operations", n)
	}
}

func TestCreateInstancesAndPatch(t *testing.T) {
	w := pool(t, 1)
	_, err := w.groups.CreateInstances(w.ctx, &computepb.CreateInstancesInstanceGroupManagerRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: "g",
		InstanceGroupManagersCreateInstancesRequestResource: &computepb.InstanceGroupManagersCreateInstancesRequest{
			Instances: []*computepb.PerInstanceConfig{{Name: proto.String("my-own")}}}})
	if err != nil {
		t.Fatal(err)
	}
	w.insertTemplate("b")
	old := w.group("g")
	_, err = w.groups.Patch(w.ctx, &computepb.PatchInstanceGroupManagerRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: "g",
		InstanceGroupManagerResource: &computepb.InstanceGroupManager{TargetSize: proto.Int32(3),
			InstanceTemplate: proto.String("global/instanceTemplates/b"), Fingerprint: old.Fingerprint}})
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	g := w.group("g")
	if g.GetTargetSize() != 3 || !strings.HasSuffix(g.GetInstanceTemplate(), "/b") || g.GetFingerprint() == old.GetFingerprint() ||
		g.GetListManagedInstancesResults() != "PAGINATED" || g.GetStatus().GetVersionTarget().GetIsReached() {
		t.Errorf("patched: %v", g)
	}
	made := map[string]int{}
	for _, m := range w.members("g") {
		made[m.GetVersion().GetInstanceTemplate()[len(m.GetVersion().GetInstanceTemplate())-1:]]++
	}
	if fmt.Sprint(made) != "map[a:2 b:1]" {
		t.Errorf("VMs by template: %v", made)
	}
}
