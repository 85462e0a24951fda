package machineprovider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	dims = `"dimensions":{"os_family":"LINUX","backend":"GCE","hostname":"vm-1","num_cpus":"8","memory_gb":7.5,"snapshot_labels":["a:b","c:d"]}`
	pols = `"policies":{"backend_topic":"leases-changed","machine_service_account":"vm@example-project.iam.gserviceaccount.com","on_reclamation":"DELETE","backend_attributes":[{"key":"instance","value":"k1"}]}`
)

func TestCatalogLife(t *testing.T) {
	w := newWorld(t)
	// The backend is implied, numbers may be JSON numbers, unknown fields are
	// ignored.
	sent := `{"dimensions":{"hostname":"vm-1","os_family":"LINUX","num_cpus":8,"memory_gb":7.5,"snapshot_labels":["a:b","c:d"],"new":{"x":1}},` + pols + `,"unknown":[1]}`
	w.expect(backend, "catalog/v1/add_machine", sent, 200, `{"machine_addition_request":{`+dims+`,`+pols+`}}`)
	stored := strings.Replace(pols, `"backend_topic":"leases-changed",`, `"backend_topic":"leases-changed","backend_project":"own-project",`, 1)
	w.expect(backend, "catalog/v1/get", `{"hostname":"vm-1"}`, 200, `{`+dims+`,`+stored+`,"state":"AVAILABLE"}`)
	w.expect(admin, "catalog/v1/get", `{"hostname":"vm-1","backend":"GCE"}`, 200, `{`+dims+`,`+stored+`,"state":"AVAILABLE"}`)
	w.expect(viewer, "catalog/v1/get", `{"hostname":"vm-1","backend":"GCE"}`, 200, `{`+dims+`,`+stored+`,"state":"AVAILABLE"}`)

	w.lease(lessee, "r1", `"dimensions":{},"duration":60`)
	ts := w.clock.Now().Add(time.Minute).Unix()
	w.expect(backend, "catalog/v1/get", `{"hostname":"vm-1"}`, 200, fmt.Sprintf(`{%s,%s,"state":"LEASED","lease_expiration_ts":"%d"}`, dims, stored, ts))
	deletion := `"machine_deletion_request":{"dimensions":{"backend":"GCE","hostname":"vm-1"}}`
	w.expect(backend, "catalog/v1/delete_machine", `{"dimensions":{"hostname":"vm-1"}}`, 200, `{"error":"LEASED",`+deletion+`}`)
	w.release(lessee, "r1")
	w.expect(backend, "catalog/v1/delete_machine", `{"dimensions":{"hostname":"vm-1"}}`, 200, `{"error":"ENTRY_NOT_FOUND",`+deletion+`}`)
	w.expectError(backend, "catalog/v1/get", `{"hostname":"vm-1"}`, 404, "notFound", "no such machine")

	w.add("DELETE", "vm-1")
	w.expect(backend, "catalog/v1/delete_machine", `{"dimensions":{"hostname":"vm-1"}}`, 200, `{`+deletion+`}`)
	w.add("DELETE", "vm-1")
	w.lease(lessee, "r2", `"dimensions":{},"indefinite":true`)
	_, got := w.call(backend, "catalog/v1/get", `{"hostname":"vm-1"}`)
	if !strings.HasSuffix(got, `"state":"LEASED","leased_indefinitely":true}`) {
		t.Fatal(got)
	}
}

func TestCatalogRefusals(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-0")
	for _, test := range []struct{ name, who, dimensions, policies, want string }{
		{"reuse", backend, `"hostname":"vm-0"`, ``, "HOSTNAME_REUSE"},
		{"administrator without backend", admin, `"hostname":"vm-1"`, ``, "UNSPECIFIED_BACKEND"},
		{"another's", backend, `"hostname":"vm-1","backend":"VSPHERE"`, ``, "MISMATCHED_BACKEND"},
		{"no hostname", backend, `"os_family":"LINUX"`, ``, "UNSPECIFIED_HOSTNAME"},
		{"empty hostname", backend, `"hostname":""`, ``, "UNSPECIFIED_HOSTNAME"},
		{"topic", backend, `"hostname":"vm-1"`, `"backend_topic":"goog/x"`, "INVALID_TOPIC"},
		{"short topic", backend, `"hostname":"vm-1"`, `"backend_topic":"ab"`, "INVALID_TOPIC"},
		{"project", backend, `"hostname":"vm-1"`, `"backend_topic":"abc","backend_project":"../other"`, "INVALID_PROJECT"},
		{"project without topic", backend, `"hostname":"vm-1"`, `"backend_project":"other-project"`, "UNSPECIFIED_TOPIC"},
		{"fine", backend, `"hostname":"vm-1"`, `"backend_topic":"abc","backend_project":"other-project"`, ""},
		{"same name, another backend", vsphere, `"hostname":"vm-0"`, ``, ""},
		{"administrator", admin, `"hostname":"vm-2","backend":"DUMMY"`, ``, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			one := fmt.Sprintf(`{"dimensions":{%s},"policies":{%s}}`, test.dimensions, test.policies)
			for _, method := range []string{"add_machines", "add_machine"} {
				if test.want == "" && method == "add_machine" {
					break // it is there now
				}
				body := one
				if method == "add_machines" {
					body = `{"requests":[` + one + `]}`
				}
				code, got := w.call(test.who, "catalog/v1/"+method, body)
				want := fmt.Sprintf(`"error":%q`, test.want)
				if code != 200 || strings.Contains(got, want) != (test.want != "") || test.want == "" && strings.Contains(got, "error") {
					t.Fatalf("%s: %d %s", method, code, got)
				}
				if !strings.Contains(got, "machine_addition_request") {
					t.Fatalf("%s: without the request: %s", method, got)
				}
			}
		})
	}
	for body, want := range map[string]string{
		`{"dimensions":{"hostname":"vm-0"}}`:                                    "UNSPECIFIED_BACKEND",
		`{"dimensions":{"backend":"GCE"}}`:                                      "UNSPECIFIED_HOSTNAME",
		`{"dimensions":{"backend":"GCE","hostname":"other"}}`:                   "ENTRY_NOT_FOUND",
		`{"dimensions":{"backend":"GCE","hostname":"vm-0"},"instance":"other"}`: "ENTRY_NOT_FOUND",
	} {
		if code, got := w.call(admin, "catalog/v1/delete_machine", body); code != 200 || !strings.Contains(got, want) {
			t.Errorf("delete %s: %d %s, not %s", body, code, got, want)
		}
	}
	if _, got := w.call(vsphere, "catalog/v1/delete_machine", `{"dimensions":{"backend":"GCE","hostname":"vm-0"}}`); !strings.Contains(got, "MISMATCHED_BACKEND") {
		t.Error(got)
	}
	w.expectError(vsphere, "catalog/v1/get", `{"backend":"GCE","hostname":"vm-0"}`, 403, "forbidden", "another backend")
	w.expectError(admin, "catalog/v1/get", `{"hostname":"vm-0"}`, 400, "badRequest", "backend")
	w.expectError(backend, "catalog/v1/get", `{}`, 400, "badRequest", "hostname: it is required")
}

func TestCatalogBatches(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-0", "vm-1")
	code, got := w.call(backend, "catalog/v1/add_machines", `{"requests":[
		{"dimensions":{"hostname":"vm-2"},"policies":{}},
		{"dimensions":{"hostname":"vm-1"},"policies":{}},
		{"dimensions":{"hostname":"vm-2"},"policies":{}},
		{"dimensions":{"hostname":"vm-3"},"policies":{}}]}`)
	if code != 200 || strings.Count(got, "HOSTNAME_REUSE") != 2 || w.state("vm-2") != "AVAILABLE" || w.state("vm-3") != "AVAILABLE" {
		t.Fatalf("%d %s", code, got)
	}
	w.lease(lessee, "r", `"dimensions":{"hostname":"vm-3"},"duration":9`)
	code, got = w.call(backend, "catalog/v1/get_machines", `{"requests":[{"hostname":"vm-9"},{"hostname":"vm-2"},{"hostname":"vm-3"},{"hostname":"vm-0","backend":"VSPHERE"},{}]}`)
	var states []string
	for _, part := range strings.Split(got, "},{") {
		for _, word := range []string{"ENTRY_NOT_FOUND", "AVAILABLE", "LEASED", "MISMATCHED_BACKEND", "UNSPECIFIED_HOSTNAME"} {
			if strings.Contains(part, word) {
				states = append(states, word)
			}
		}
	}
	if code != 200 || strings.Join(states, " ") != "ENTRY_NOT_FOUND AVAILABLE LEASED MISMATCHED_BACKEND UNSPECIFIED_HOSTNAME" {
		t.Fatalf("%d %s", code, got)
	}
	code, got = w.call(backend, "catalog/v1/delete_machines", `{"requests":[{"dimensions":{"hostname":"vm-0"}},{"dimensions":{"hostname":"vm-0"}},
		{"dimensions":{"hostname":"vm-1"},"instance":"key-of-vm-1"},{"dimensions":{"hostname":"vm-2"},"instance":"other"},{"dimensions":{"hostname":"vm-3"}},{"dimensions":{}}]}`)
	if code != 200 || strings.Count(got, `"error"`) != 4 || strings.Count(got, "ENTRY_NOT_FOUND") != 2 ||
		strings.Count(got, `"error":"LEASED"`) != 1 || strings.Count(got, "UNSPECIFIED_HOSTNAME") != 1 {
		t.Fatalf("%d %s", code, got)
	}
	if got := w.state("vm-0") + w.state("vm-1") + w.state("vm-2") + w.state("vm-3"); got != "AVAILABLELEASED" {
		t.Fatal(got)
	}
	w.expect(backend, "catalog/v1/add_machines", `{}`, 200, `{}`)
}

func TestMachineThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.add("MAKE_AVAILABLE", "vm-1")
	w.lease(lessee, "r", `"dimensions":{},"indefinite":true,"pubsub_topic":"my-topic"`)
	w.publisher.take()
	w.clock.Advance(time.Minute)
	w.expect(backend, "catalog/v1/delete_machine", `{"dimensions":{"hostname":"vm-1"},"gone":true}`, 200,
		`{"machine_deletion_request":{"dimensions":{"backend":"GCE","hostname":"vm-1"},"gone":true}}`)
	if w.state("vm-1") != "" {
		t.Fatal("it is still there")
	}
	again := w.lease(lessee, "r", `"dimensions":{},"indefinite":true,"pubsub_topic":"my-topic"`)
	now := fmt.Sprint(w.clock.Now().Unix())
	if again.State != "FULFILLED" || again.LeaseExpirationTS != now || again.LeasedIndefinitely || again.Hostname != "" {
		t.Fatalf("%+v", again)
	}
	messages := w.publisher.take()
	if len(messages) != 1 || messages[0].Topic.Name != "my-topic" || !strings.Contains(messages[0].Data, `"lease_expiration_ts":"`+now+`"`) {
		t.Fatalf("%+v", messages)
	}
	if got := w.release(lessee, "r"); got != "ALREADY_RECLAIMED" {
		t.Fatal(got)
	}
}

func TestMachineTakenAwayByAnAdministrator(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1")
	_, got := w.call(backend, "catalog/v1/list_changes", `{}`)
	cursor := between(got, `"cursor":"`, `"`)
	w.expect(admin, "catalog/v1/delete_machine", `{"dimensions":{"backend":"GCE","hostname":"vm-1"}}`, 200,
		`{"machine_deletion_request":{"dimensions":{"backend":"GCE","hostname":"vm-1"}}}`)
	messages := w.publisher.take()
	if len(messages) != 1 || messages[0].Data != "RECLAIMED" || messages[0].Message.Attributes["instance"] != "key-of-vm-1" {
		t.Fatalf("%+v", messages)
	}
	if _, got := w.call(backend, "catalog/v1/list_changes", `{"cursor":"`+cursor+`"}`); !strings.Contains(got, `"changes":[{"hostname":"vm-1","instance":"key-of-vm-1","removed":true}]`) {
		t.Fatal(got)
	}
}

func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}

func TestChanges(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1", "vm-2", "vm-3")
	changes := func(cursor, more string) (string, string) {
		t.Helper()
		code, got := w.call(backend, "catalog/v1/list_changes", fmt.Sprintf(`{"cursor":%q%s}`, cursor, more))
		if code != 200 {
			t.Fatal(got)
		}
		return got, between(got, `"cursor":"`, `"`)
	}
	got, cursor := changes("", "")
	if !strings.Contains(got, `"reset":true`) {
		t.Fatal(got)
	}
	w.clock.Advance(10 * time.Minute)
	got, cursor = changes(cursor, "")
	if strings.Contains(got, "changes") || strings.Contains(got, "reset") {
		t.Fatal(got)
	}
	for i := 1; i <= 3; i++ {
		w.clock.Advance(time.Second)
		w.lease(lessee, fmt.Sprint("r", i), fmt.Sprintf(`"dimensions":{"hostname":"vm-%d"},"duration":3600`, i))
	}
	w.clock.Advance(time.Second)
	w.release(lessee, "r2")
	got, all := changes(cursor, "")
	if strings.Count(got, `"LEASED"`) != 2 || !strings.Contains(got, `{"hostname":"vm-2","instance":"key-of-vm-2","removed":true}`) {
		t.Fatal(got)
	}
	// The same in pages.
	var pages []string
	for page, more := cursor, true; more; {
		got, page = changes(page, `,"limit":1`)
		more = strings.Contains(got, `"more":true`)
		pages = append(pages, between(got, `"hostname":"`, `"`))
	}
	if got := strings.Join(pages, " "); got != "vm-1 vm-3 vm-2 " {
		t.Fatalf("pages %q", got)
	}
	// A machine that was removed and came back under the same name is not
	// reported as removed.
	w.add("DELETE", "vm-2")
	if got, _ = changes(cursor, ""); strings.Contains(got, "removed") {
		t.Fatal(got)
	}
	// Once the overlap is over, nothing is repeated.
	_, all = changes(all, "")
	w.clock.Advance(time.Minute)
	_, all = changes(all, "")
	if got, _ = changes(all, ""); strings.Contains(got, "changes") {
		t.Fatal(got)
	}
	w.clock.Advance(w.limits.Retention + time.Hour)
	if got, _ = changes(all, ""); !strings.Contains(got, `"reset":true`) {
		t.Fatal(got)
	}
	for _, bad := range []string{"x", "1.x.", "2.5.", "1.-5.", "1.5.zz", "1.99999999999999999.", "1.5.../../x"} {
		w.expectError(backend, "catalog/v1/list_changes", fmt.Sprintf(`{"cursor":%q}`, bad), 400, "badRequest", "cursor")
	}
	w.expectError(backend, "catalog/v1/list_changes", `{"limit":0}`, 400, "badRequest", "limit")
	w.expectError(backend, "catalog/v1/list_changes", `{"limit":501}`, 400, "badRequest", "limit")
	w.expectError(backend, "catalog/v1/list_changes", `{"backend":"VSPHERE"}`, 403, "forbidden", "")
	w.expectError(viewer, "catalog/v1/list_changes", `{}`, 400, "badRequest", "backend")
	if code, _ := w.call(viewer, "catalog/v1/list_changes", `{"backend":"GCE"}`); code != http.StatusOK {
		t.Fatal(code)
	}
}

func TestCatalogSettle(t *testing.T) {
	w := newWorld(t)
	const dims = `"dimensions":{"backend":"GCE","hostname":"vm-1"}`
	offer := func(number, instance string) string {
		return `{` + dims + `,"policies":{"backend_attributes":[{"key":"instance","value":"` + instance + `"}]},"offer":"` + number + `"}`
	}
	add := func(number, instance, want string) {
		t.Helper()
		sent := offer(number, instance)
		w.expect(backend, "catalog/v1/add_machine", sent, 200, `{`+want+`"machine_addition_request":`+sent+`}`)
	}
	settle := func(number string) string {
		return `{"requests":[{"hostname":"vm-1","settle":"` + number + `","instance":"a"},{"hostname":"vm-9"}]}`
	}
	w.expect(backend, "catalog/v1/get_machines", settle("1"), 200, `{"responses":[{"error":"ENTRY_NOT_FOUND","settled":true},{"error":"ENTRY_NOT_FOUND"}]}`)
	add("1", "a", `"error":"SETTLED",`)
	add("2", "a", "")
	if _, got := w.call(backend, "catalog/v1/get_machines", settle("2")); !strings.Contains(got, `"state":"AVAILABLE"`) {
		t.Error(got)
	}
	deletion := `{` + dims + `,"instance":"a","settle":"2"}`
	w.expect(backend, "catalog/v1/delete_machine", deletion, 200, `{"machine_deletion_request":`+deletion+`}`)
	w.expect(backend, "catalog/v1/delete_machine", deletion, 200, `{"error":"ENTRY_NOT_FOUND","machine_deletion_request":`+deletion+`,"settled":true}`)
	add("2", "a", `"error":"SETTLED",`)
	add("1", "b", "")
	w.expectError(backend, "catalog/v1/get", `{"hostname":"vm-1","settle":1}`, 400, "badRequest", "settle")
	w.expectError(backend, "catalog/v1/get_machines", `{"requests":[{"hostname":"vm-1","settle":1}]}`, 400, "badRequest", "instance")
	w.expectError(backend, "catalog/v1/delete_machine", `{`+dims+`,"settle":1}`, 400, "badRequest", "instance")
	w.expect(viewer, "catalog/v1/get_machines", `{"requests":[{"hostname":"vm-8","backend":"GCE","settle":1,"instance":"a"}]}`, 200, `{"responses":[{"error":"MISMATCHED_BACKEND"}]}`)
}

func TestCatalogSurvey(t *testing.T) {
	w := newWorld(t)
	w.add("DELETE", "vm-1", "vm-2", "x-1")
	w.lease(lessee, "r", `"dimensions":{"hostname":"vm-2"},"duration":60`)
	w.expect(backend, "catalog/v1/count_machines", `{"hostname_prefixes":["vm-","x-","y-"]}`, 200,
		`{"counts":[{"available":"1","leased":"1"},{"available":"1","leased":"0"},{"available":"0","leased":"0"}]}`)
	w.expectError(vsphere, "catalog/v1/count_machines", `{"backend":"GCE"}`, 403, "forbidden", "")
	for request, want := range map[string][]string{
		`{"hostname_prefix":"vm-"}`: {"vm-1", "vm-2"}, `{"hostname_prefix":"vm-","after":"vm-1"}`: {"vm-2"}, `{}`: {"vm-1", "vm-2", "x-1"}, `{"hostname_prefix":"y"}`: nil,
	} {
		_, got := w.call(backend, "catalog/v1/list_machines", request)
		if n := strings.Count(got, `"hostname":`); n != len(want) {
			t.Errorf("%s: %s", request, got)
		}
		for _, hostname := range want {
			if !strings.Contains(got, `"hostname":"`+hostname+`"`) {
				t.Errorf("%s: %s", request, got)
			}
		}
	}
}
