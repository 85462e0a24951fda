package simulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

func TestAdmin(t *testing.T) {
	w := pool(t, 2)
	admin := func(verb, path, body string, status int) map[string]any {
		t.Helper()
		got, answer := w.send(t, verb, "https://h/admin/"+path, body)
		if got != status {
			t.Fatalf("%s %s: %d %v", verb, path, got, answer)
		}
		return answer
	}
	state := admin("GET", "state", "", 200)
	if g := state["groups"].([]any)[0].(map[string]any); fmt.Sprint(state["vms"], state["templates"], state["disks"], g["vms"]) !=
		"2 1 2 map[RUNNING:2]" {
		t.Errorf("state: %v", state)
	}
	calls := admin("GET", "calls", "", 200)
	resp, err := w.cloud.Transport().RoundTrip(must(http.NewRequestWithContext(w.ctx, "GET", "https://h/admin/vms", nil)))
	var vms []simulator.VM
	if err == nil {
		err = json.NewDecoder(resp.Body).Decode(&vms)
	}
	if err != nil || !slices.Equal(vms, w.cloud.VMs()) || len(vms) != 2 {
		t.Errorf("VMs: %v, %v", vms, err)
	}
	if calls["mutations"] != 2.0 || calls["calls"].(map[string]any)["instanceGroupManagers.insert"] != 1.0 {
		t.Errorf("calls: %v", calls)
	}
	admin("POST", "calls/reset", "", 200)
	w.members("g")
	w.group("g")
	if w.cloud.Mutations() != 0 || w.cloud.Calls()["instanceGroupManagers.listManagedInstances"] != 1 {
		t.Errorf("calls: %v", w.cloud.Calls())
	}

	admin("POST", "faults", `{"method": "instanceGroupManagers.get", "count": 2, "fault": {"status": 429, "delay": "3s"}}`, 200)
	before := w.clock.Now()
	status, _ := w.send(t, "GET", "https://h/compute/v1/projects/test-project/zones/us-central1-a/instanceGroupManagers/g", "")
	if waited := w.clock.Now().Sub(before); status != 429 || waited.Seconds() != 3 {
		t.Errorf("status %d after %v", status, waited)
	}
	admin("POST", "faults/clear", "", 200)
	w.group("g")

	vm := fmt.Sprintf(`{"project": "test-project", "zone": "us-central1-a", "name": %q}`, w.members("g")[0].GetName())
	for _, event := range []string{"preempt", "stop", "delete", "repair"} {
		admin("POST", "vms/"+event, vm, 200)
		w.settle()
	}
	admin("POST", "vms/stop", `{"project": "test-project", "zone": "us-central1-a", "name": "none"}`, 400)
	admin("POST", "snapshots", `{"project": "test-project", "name": "s", "labels": {"a": "b"}}`, 200)
	admin("POST", "snapshots", `{"project": "test-project", "name": "S"}`, 400)
	admin("POST", "faults", `{"fault": {}}`, 400)
	admin("POST", "faults", `{"method": "x", "fault": {"staus": 400}}`, 400)
	admin("POST", "quota", `{"mutations": 1}`, 200)
	w.mustResize("g", 3)
	_, err = w.resize("g", 4)
	expectError(t, err, 403, "rateLimitExceeded")
	admin("POST", "quota", `{}`, 200)
	w.mustResize("g", 4)
	admin("POST", "unstick", "", 200)
	admin("POST", "advance", "", 200)
	if w.cloud.State().VMs == 0 {
		t.Error("no VMs before the reset")
	}
	admin("POST", "reset", "", 200)
	if s := w.cloud.State(); s.VMs+s.Templates+len(s.Groups)+s.Disks != 0 {
		t.Errorf("after the reset: %+v", s)
	}
}
