package simulator_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

func (w *world) resize(group string, size int32) (*compute.Operation, error) {
	return w.groups.Resize(w.ctx, &computepb.ResizeInstanceGroupManagerRequest{
		Project: testProject, Zone: testZone, InstanceGroupManager: group, Size: size})
}

func (w *world) mustResize(group string, size int32) *compute.Operation {
	w.t.Helper()
	op, err := w.resize(group, size)
	if err != nil {
		w.t.Fatalf("resize %s: %v", group, err)
	}
	return op
}

func pool(t *testing.T, size int32, change ...func(*computepb.InstanceGroupManager)) *world {
	t.Helper()
	return poolOf(t, slow(), size, change...)
}

func poolOf(t *testing.T, o simulator.Options, size int32, change ...func(*computepb.InstanceGroupManager)) *world {
	t.Helper()
	w := newWorld(t, o)
	w.insertTemplate("a")
	w.insertGroup("g", "a", size, change...)
	w.settle()
	return w
}

func TestHTTPFault(t *testing.T) {
	w := pool(t, 0)
	w.cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.resize", Skip: 1, Count: 2,
		Fault: simulator.Fault{Status: http.StatusForbidden, Reason: "rateLimitExceeded", Message: "Too fast"}})
	w.cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.resize", Name: "other",
		Fault: simulator.Fault{Status: http.StatusInternalServerError}})
	w.mustResize("g", 1)
	for range 2 {
		_, err := w.resize("g", 2)
		expectError(t, err, 403, "rateLimitExceeded")
	}
	w.mustResize("g", 3)
	if got := w.cloud.Calls()["instanceGroupManagers.resize"]; got != 4 {
		t.Errorf("%d calls of resize counted, want 4", got)
	}
}

func TestOperationErrors(t *testing.T) {
	w := pool(t, 1)
	exhausted := simulator.Fault{OperationErrors: []simulator.OperationError{
		{Code: "ZONE_RESOURCE_POOL_EXHAUSTED", Message: "no room"}}}
	for _, method := range []string{"instanceGroupManagers.resize", "instanceTemplates.insert"} {
		w.cloud.Inject(simulator.Injection{Method: method, Fault: exhausted})
	}
	op := w.waitZone(w.mustResize("g", 5).Name())
	if e := op.GetError().GetErrors(); len(e) != 1 || e[0].GetCode() != "ZONE_RESOURCE_POOL_EXHAUSTED" ||
		op.GetHttpErrorStatusCode() != 503 || op.GetStatus() != computepb.Operation_DONE {
		t.Errorf("operation: %v", op)
	}
	if g := w.group("g"); g.GetTargetSize() != 1 {
		t.Errorf("a failed resize changed the group: %v", g)
	}
	insert := func() string {
		op, err := w.templates.Insert(w.ctx, &computepb.InsertInstanceTemplateRequest{
			Project: testProject, InstanceTemplateResource: w.template("b")})
		if err != nil {
			t.Fatal(err)
		}
		return op.Name()
	}
	if op := w.waitGlobal(insert()); op.GetError() == nil {
		t.Errorf("operation: %v", op)
	}
	if op := w.waitGlobal(insert()); op.GetError() != nil {
		t.Errorf("the name of a template that failed is not free: %v", op)
	}
}

func TestOperationThatNeverEnds(t *testing.T) {
	w := pool(t, 0)
	w.cloud.Inject(simulator.Injection{Method: "instanceTemplates.insert", Fault: simulator.Fault{NeverEnds: true}})
	op, err := w.templates.Insert(w.ctx, &computepb.InsertInstanceTemplateRequest{
		Project: testProject, InstanceTemplateResource: w.template("b")})
	if err != nil {
		t.Fatal(err)
	}
	before := w.clock.Now()
	if op := w.waitGlobal(op.Name()); op.GetStatus() != computepb.Operation_RUNNING {
		t.Errorf("operation: %v", op)
	}
	if waited := w.clock.Now().Sub(before); waited != 2*time.Minute {
		t.Errorf("waited %v", waited)
	}
	w.cloud.Unstick()
	if op := w.waitGlobal(op.Name()); op.GetStatus() != computepb.Operation_DONE {
		t.Errorf("operation: %v", op)
	}
}

func TestLostResponseInProcess(t *testing.T) {
	w := pool(t, 0)
	w.cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.resize", Fault: simulator.Fault{DropRequest: true}})
	if _, err := w.resize("g", 2); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("got %v", err)
	}
	if g := w.group("g"); g.GetTargetSize() != 0 {
		t.Errorf("a dropped request changed the group: %v", g)
	}
	w.cloud.Inject(simulator.Injection{Method: "instanceGroupManagers.resize", Fault: simulator.Fault{LoseResponse: true}})
	if _, err := w.resize("g", 2); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("got %v", err)
	}
	if g := w.group("g"); g.GetTargetSize() != 2 {
		t.Errorf("the change of a lost response was not made: %v", g)
	}
}

func TestLostResponseOnTheNetwork(t *testing.T) {
	cloud := simulator.New(simulator.Options{})
	server := httptest.NewServer(cloud)
	defer server.Close()
	cloud.Inject(simulator.Injection{Method: "*", Fault: simulator.Fault{LoseResponse: true}})
	url := server.URL + "/compute/v1/projects/p/zones"
	if resp, err := http.Get(url); err == nil {
		_ = resp.Body.Close()
		t.Fatalf("got status %d", resp.StatusCode)
	} else if netError := net.Error(nil); !errors.Is(err, io.EOF) && !errors.As(err, &netError) {
		t.Fatalf("got %v", err)
	}
	resp, err := http.Get(url)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("after the fault: %v %v", resp, err)
	}
	_ = resp.Body.Close()
}

func TestStockoutIsRetriedByTheGroup(t *testing.T) {
	w := pool(t, 0)
	w.cloud.Inject(simulator.Injection{Method: "instances.insert", Name: "g", Count: 3, Fault: simulator.Fault{
		OperationErrors: []simulator.OperationError{{Code: "ZONE_RESOURCE_POOL_EXHAUSTED", Message: "no room"}}}})
	w.mustResize("g", 2)
	w.pass(3 * time.Second)
	for _, m := range w.members("g") {
		if e := m.GetLastAttempt().GetErrors().GetErrors(); len(e) != 1 || e[0].GetCode() != "ZONE_RESOURCE_POOL_EXHAUSTED" ||
			m.GetId() != 0 || m.GetCurrentAction() != "CREATING" {
			t.Errorf("member: %v", m)
		}
	}
	w.settle()
	for _, m := range w.members("g") {
		if m.GetInstanceStatus() != "RUNNING" || m.GetLastAttempt() != nil {
			t.Errorf("member: %v", m)
		}
	}
}

func TestStuckVM(t *testing.T) {
	w := pool(t, 0)
	w.cloud.Inject(simulator.Injection{Method: "instances.insert", Fault: simulator.Fault{NeverEnds: true}})
	w.mustResize("g", 2)
	w.settle()
	if g := w.group("g"); g.GetCurrentActions().GetCreating() != 1 || g.GetCurrentActions().GetNone() != 1 {
		t.Errorf("group: %v", g)
	}
	w.cloud.Unstick()
	w.settle()
	if g := w.group("g"); g.GetCurrentActions().GetNone() != 2 {
		t.Errorf("group: %v", g)
	}
}

func TestDeletionThatIsNeverPerformed(t *testing.T) {
	w := pool(t, 2)
	w.cloud.Inject(simulator.Injection{Method: "instances.delete", Fault: simulator.Fault{NeverEnds: true}})
	call := func() {
		t.Helper()
		_, err := w.groups.DeleteInstances(w.ctx, &computepb.DeleteInstancesInstanceGroupManagerRequest{
			Project: testProject, Zone: testZone, InstanceGroupManager: "g",
			InstanceGroupManagersDeleteInstancesRequestResource: &computepb.InstanceGroupManagersDeleteInstancesRequest{
				Instances: []string{w.members("g")[0].GetInstance()}}})
		if err != nil {
			t.Fatal(err)
		}
		w.settle()
	}
	call()
	if m := w.members("g"); len(m) != 2 || m[0].GetCurrentAction() != "DELETING" {
		t.Errorf("members: %v", m)
	}
	call() // repeating the call tries again
	if g := w.group("g"); len(w.members("g")) != 1 || g.GetTargetSize() != 1 || !g.GetStatus().GetIsStable() {
		t.Errorf("group: %v", g)
	}
}

func TestFaultHook(t *testing.T) {
	var asked []string
	o := slow()
	o.Fault = func(method string, r *simulator.Request) *simulator.Fault {
		if !strings.HasSuffix(method, "Operations.wait") {
			asked = append(asked, method+" "+r.Name+" "+r.Group)
		}
		if method == "instanceGroupManagers.resize" && r.Query.Get("size") == "7" {
			return &simulator.Fault{Status: http.StatusServiceUnavailable}
		}
		return nil
	}
	w := newWorld(t, o)
	w.insertTemplate("a")
	w.insertGroup("g", "a", 1)
	_, err := w.resize("g", 7)
	expectError(t, err, 503, "backendError")
	w.pass(2 * time.Second)
	vm := w.members("g")[0].GetName()
	want := []string{"instanceTemplates.insert  ", "instanceGroupManagers.insert  ",
		"instanceGroupManagers.resize g ", "instances.insert " + vm + " g", "instanceGroupManagers.listManagedInstances g "}
	if strings.Join(asked, "|") != strings.Join(want, "|") {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}
