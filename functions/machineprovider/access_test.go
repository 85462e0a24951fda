package machineprovider

import (
	"net/http"
	"strings"
	"testing"
)

func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1")
	bodies := map[string]string{
		"catalog/v1/get":                      `{"hostname":"vm-1","backend":"GCE"}`,
		"catalog/v1/get_machines":             `{}`,
		"catalog/v1/list_changes":             `{"backend":"GCE"}`,
		"catalog/v1/list_machines":            `{"backend":"GCE"}`,
		"catalog/v1/count_machines":           `{"backend":"GCE","hostname_prefixes":["vm-"]}`,
		"catalog/v1/add_machine":              `{"dimensions":{"hostname":"vm-1","backend":"GCE"},"policies":{}}`,
		"catalog/v1/add_machines":             `{}`,
		"catalog/v1/delete_machine":           `{"dimensions":{"hostname":"vm-9","backend":"GCE"}}`,
		"catalog/v1/delete_machines":          `{}`,
		"machine_provider/v1/lease":           `{"request_id":"r","dimensions":{"hostname":"vm-9"},"duration":1}`,
		"machine_provider/v1/batched_lease":   `{}`,
		"machine_provider/v1/release":         `{"request_id":"r"}`,
		"machine_provider/v1/batched_release": `{}`,
		"machine_provider/v1/renew":           `{"request_id":"r","duration":1}`,
		"machine_provider/v1/instruct":        `{"request_id":"r"}`,
	}
	may := map[string][]string{
		admin:    {"catalog"},
		backend:  {"catalog"},
		lessee:   {"machine_provider"},
		viewer:   {"catalog/v1/get", "catalog/v1/get_machines", "catalog/v1/list_changes", "catalog/v1/list_machines", "catalog/v1/count_machines"},
		nobody:   nil,
		machine1: nil,
	}
	for method, body := range bodies {
		for who, what := range may {
			allowed := false
			for _, begin := range what {
				allowed = allowed || method == begin || strings.HasPrefix(method, begin+"/")
			}
			code, got := w.call(who, method, body)
			switch {
			case allowed && code != http.StatusOK:
				t.Errorf("%s may call %s, and got %d %s", who, method, code, got)
			case !allowed:
				checkError(t, code, got, 403, "forbidden", "may not call")
			}
		}
		for _, header := range []string{"", "Bearer", "Bearer ", "Basic dev:" + admin, "Bearer dev:", "Bearer dev:nobody", "Bearer other:" + admin, "dev:" + admin} {
			code, got := w.raw(http.MethodPost, header, method, body)
			checkError(t, code, got, 401, "required", "token")
		}
	}
	if len(bodies)+2 != len(w.handler.(*api).methods) {
		t.Errorf("%d methods are tested, of %d", len(bodies)+2, len(w.handler.(*api).methods))
	}
}

func TestNoRolesNoAccess(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.settings.Administrators, w.settings.Lessees, w.settings.Viewers, w.settings.Backends = nil, nil, nil, nil
	})
	for _, who := range []string{admin, backend, lessee, viewer, "@", " "} {
		if code, _ := w.call(who, "catalog/v1/get", `{"hostname":"vm-1","backend":"GCE"}`); code != 403 && code != 401 {
			t.Errorf("%q got %d", who, code)
		}
	}
}

func TestMethodsAndPaths(t *testing.T) {
	w := newWorld(t)
	for _, method := range []string{"", "catalog/v1/", "catalog/v1/nothing", "catalog/v2/get", "catalog/v1/get/more", "nothing/v1/get", "../catalog/v1/get"} {
		code, got := w.raw(http.MethodPost, "Bearer dev:"+admin, method, `{}`)
		checkError(t, code, got, 404, "notFound", "no method")
	}
	for _, httpMethod := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		code, got := w.raw(httpMethod, "Bearer dev:"+admin, "catalog/v1/get", `{}`)
		checkError(t, code, got, 405, "httpMethodNotAllowed", "POST")
	}
}

func TestMachineAPI(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1")
	const poll, ack = "machine/v1/poll", "machine/v1/ack"
	body := `{"hostname":"vm-1","backend":"GCE"}`
	instructed := func(state string) string {
		return `{"instruction":{"swarming_server":"https://swarming.example.com"},"state":"` + state + `"}`
	}
	for _, method := range []string{poll, ack} {
		for _, who := range []string{nobody, lessee, viewer, vsphere} {
			w.expectError(who, method, body, 404, "notFound", "no such machine")
		}
		w.expectError(machine1, method, `{"hostname":"vm-9","backend":"GCE"}`, 404, "notFound", "no such machine")
		w.expectError(machine1, method, `{"hostname":"vm-1"}`, 400, "badRequest", "backend")
		w.expectError(machine1, method, `{"backend":"GCE"}`, 400, "badRequest", "hostname")
	}
	w.expect(machine1, poll, body, 200, `{}`)
	w.expectError(machine1, ack, body, 400, "badRequest", "no instruction")

	w.lease(lessee, "r", `"dimensions":{},"duration":3600`)
	w.expect(machine1, poll, body, 200, `{}`)
	w.expect(lessee, "machine_provider/v1/instruct", `{"request_id":"r","instruction":{"swarming_server":"https://swarming.example.com"}}`, 200, `{"client_request_id":"r"}`)
	w.expect(backend, poll, `{"hostname":"vm-1"}`, 200, instructed("PENDING"))
	w.expect(admin, poll, body, 200, instructed("PENDING"))
	w.expect(machine1, poll, body, 200, instructed("RECEIVED"))
	w.expect(backend, poll, body, 200, instructed("RECEIVED"))
	w.expect(machine1, ack, body, 204, ``)
	w.expect(machine1, ack, body, 204, ``)
	w.expect(machine1, poll, body, 200, instructed("EXECUTED"))

	// A new instruction starts over.
	w.expect(lessee, "machine_provider/v1/instruct", `{"request_id":"r","instruction":{"swarming_server":"https://other.example.com"}}`, 200, `{"client_request_id":"r"}`)
	if _, got := w.call(admin, poll, body); !strings.Contains(got, `"state":"PENDING"`) {
		t.Fatal(got)
	}
	// Over by the clock, although no job has run.
	w.clock.Advance(3600 * 1e9)
	w.expect(machine1, poll, body, 200, `{}`)
	w.expectError(machine1, ack, body, 400, "badRequest", "no instruction")
	w.sweep()
	w.expectError(machine1, poll, body, 404, "notFound", "")
}

func TestInstruct(t *testing.T) {
	w := newWorld(t)
	instruct := func(id, instruction, want string) {
		t.Helper()
		answer := `{"client_request_id":"` + id + `"}`
		if want != "" {
			answer = `{"client_request_id":"` + id + `","error":"` + want + `"}`
		}
		w.expect(lessee, "machine_provider/v1/instruct", `{"request_id":"`+id+`"`+instruction+`}`, 200, answer)
	}
	const good = `,"instruction":{"swarming_server":"https://s.example.com"}`
	w.expectError(lessee, "machine_provider/v1/instruct", `{"request_id":"none"`+good+`}`, 404, "notFound", "no such lease")
	w.lease(lessee, "r", "")
	instruct("r", ``, "INVALID_INSTRUCTION")
	instruct("r", `,"instruction":{}`, "INVALID_INSTRUCTION")
	instruct("r", good, "NOT_FULFILLED")
	w.add("MAKE_AVAILABLE", "vm-1")
	instruct("r", good, "")
	w.clock.Advance(61 * 1e9)
	instruct("r", good, "ALREADY_RECLAIMED")
	w.release(lessee, "r")
	instruct("r", good, "ALREADY_RECLAIMED")

	// on_lease is an instruction from the beginning, and its end is the lease's.
	w.lease(lessee, "r2", `"dimensions":{},"duration":60,"on_lease":{"swarming_server":"https://s.example.com"}`)
	body := `{"hostname":"vm-1","backend":"GCE"}`
	w.expect(machine1, "machine/v1/poll", body, 200, `{"instruction":{"swarming_server":"https://s.example.com"},"state":"RECEIVED"}`)
	w.release(lessee, "r2")
	w.expect(machine1, "machine/v1/poll", body, 200, `{}`)
}
