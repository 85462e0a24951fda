package machineprovider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// goodBodies has a valid body for each method that takes one.
var goodBodies = map[string]string{
	"catalog/v1/get":                      `{"hostname":"vm-1","backend":"GCE"}`,
	"catalog/v1/get_machines":             `{"requests":[{"hostname":"vm-1","backend":"GCE"}]}`,
	"catalog/v1/list_changes":             `{"backend":"GCE","limit":5,"cursor":"1.5."}`,
	"catalog/v1/list_machines":            `{"backend":"GCE","hostname_prefix":"vm-","after":"vm-1"}`,
	"catalog/v1/count_machines":           `{"backend":"GCE","hostname_prefixes":["vm-"]}`,
	"catalog/v1/add_machine":              `{"dimensions":{"hostname":"vm-1","num_cpus":"8","memory_gb":1.5,"snapshot_labels":["a:b"]},"policies":{"backend_attributes":[{"key":"k","value":"v"}]}}`,
	"catalog/v1/add_machines":             `{"requests":[{"dimensions":{"hostname":"vm-2"},"policies":{}}]}`,
	"catalog/v1/delete_machine":           `{"dimensions":{"hostname":"vm-1"},"gone":true}`,
	"catalog/v1/delete_machines":          `{"requests":[{"dimensions":{"hostname":"vm-1"}}]}`,
	"machine_provider/v1/lease":           `{"request_id":"r","dimensions":{"os_family":"LINUX"},"duration":"60","on_lease":{"swarming_server":"x"}}`,
	"machine_provider/v1/batched_lease":   `{"requests":[{"request_id":"r","dimensions":{},"indefinite":true}]}`,
	"machine_provider/v1/release":         `{"request_id":"r"}`,
	"machine_provider/v1/batched_release": `{"requests":[{"request_id":"r"}]}`,
	"machine_provider/v1/renew":           `{"request_id":"r","lease_expiration_ts":"99"}`,
	"machine_provider/v1/instruct":        `{"request_id":"r","instruction":{"swarming_server":"x"}}`,
	"machine/v1/poll":                     `{"hostname":"vm-1","backend":"GCE"}`,
	"machine/v1/ack":                      `{"hostname":"vm-1","backend":"GCE"}`,
}

func whoMay(method string) string {
	if strings.HasPrefix(method, "machine_provider/") {
		return lessee
	}
	return backend
}

func TestMalformedBodies(t *testing.T) {
	w := newWorld(t)
	const add, lease = "catalog/v1/add_machine", "machine_provider/v1/lease"
	machine := func(dimensions string) string {
		return `{"dimensions":{"hostname":"vm-1",` + dimensions + `},"policies":{}}`
	}
	policies := func(policies string) string {
		return `{"dimensions":{"hostname":"vm-1"},"policies":{` + policies + `}}`
	}
	request := func(rest string) string { return `{"request_id":"r","duration":60,"dimensions":{},` + rest + `}` }
	for _, test := range []struct{ method, body, part string }{
		{add, `{`, "not JSON"},
		{add, `{"dimensions":`, "not JSON"},
		{add, `null`, "object"},
		{add, `[]`, "object, not a list"},
		{add, `"x"`, "object, not a string"},
		{add, `{} {}`, "goes on"},
		{add, "\xff\xfe", "UTF-8"},
		{add, strings.Repeat("[", 20000), "not JSON"},
		{add, ``, "dimensions: it is required"},
		{add, `{"dimensions":{"hostname":"vm-1"}}`, "policies: it is required"},
		{add, `{"dimensions":[],"policies":{}}`, "dimensions: it must be an object, not a list"},
		{add, machine(`"os_family":"BEOS"`), `dimensions.os_family: "BEOS" is none of LINUX, OSX, WINDOWS`},
		{add, machine(`"os_family":1`), "dimensions.os_family: it must be one of"},
		{add, machine(`"backend":"AWS"`), "DUMMY, GCE, VSPHERE"},
		{add, machine(`"disk_type":"TAPE"`), "disk_type"},
		{add, machine(`"linux_flavor":"ubuntu"`), "linux_flavor"},
		{add, machine(`"num_cpus":"eight"`), `dimensions.num_cpus: "eight" is not a whole number`},
		{add, machine(`"num_cpus":1.5`), "num_cpus"},
		{add, machine(`"num_cpus":1e3`), "num_cpus"},
		{add, machine(`"num_cpus":true`), "whole number, not true or false"},
		{add, machine(`"num_cpus":-1`), "dimensions.num_cpus: -1 is not between 0 and"},
		{add, machine(`"num_cpus":"9223372036854775808"`), "64 bits"},
		{add, machine(`"num_cpus":9223372036854775807`), "between"},
		{add, machine(`"disk_gb":-1`), "disk_gb"},
		{add, machine(`"memory_gb":-0.5`), "memory_gb"},
		{add, machine(`"memory_gb":1e400`), "memory_gb"},
		{add, machine(`"memory_gb":1e300`), "memory_gb"},
		{add, machine(`"memory_gb":"many"`), "memory_gb: it must be a number"},
		{add, machine(`"os_version":5`), "os_version: it must be a string, not a number"},
		{add, machine(`"os_version":"` + strings.Repeat("v", 257) + `"`), "the limit is 256"},
		{add, machine(`"os_version":"a\u0000b"`), "printed"},
		{add, machine(`"snapshot_labels":"a"`), "snapshot_labels: it must be a list"},
		{add, machine(`"snapshot_labels":["a",7]`), "dimensions.snapshot_labels[1]: it must be a string"},
		{add, machine(`"snapshot_labels":["a",null]`), "snapshot_labels[1]"},
		{add, machine(`"snapshot_labels":["` + strings.Repeat(`a","`, 64) + `"]`), "the limit is 64"},
		{add, policies(`"on_reclamation":"KEEP"`), "policies.on_reclamation"},
		{add, policies(`"backend_attributes":[{"value":"v"}]`), "policies.backend_attributes[0].key: it is required"},
		{add, policies(`"backend_attributes":[{"key":"` + strings.Repeat("k", 257) + `"}]`), "the limit is 256"},
		{add, policies(`"backend_attributes":[{"key":"k","value":"` + strings.Repeat("v", 1025) + `"}]`), "the limit is 1024"},
		{add, policies(`"machine_service_account":"` + strings.Repeat("a", 255) + `"`), "the limit is 254"},
		{"catalog/v1/add_machines", `{"requests":[{"dimensions":{"hostname":"vm-1"},"policies":{}},{"dimensions":{"hostname":"a/b"},"policies":{}}]}`, "requests[1].dimensions.hostname"},
		{"catalog/v1/add_machines", `{"requests":[` + strings.Repeat(`{},`, 1000) + `{}]}`, "the limit is 1000"},
		{"catalog/v1/add_machines", `{"requests":[null]}`, "requests[0]"},
		{"catalog/v1/add_machines", `{"requests":[{}]}`, "requests[0].dimensions: it is required"},
		{"catalog/v1/count_machines", `{"hostname_prefixes":[` + strings.Repeat(`"a",`, 1000) + `"a"]}`, "hostname_prefixes: it has 1001 entries"},
		{"catalog/v1/delete_machines", `{"requests":[{"dimensions":{"hostname":"a/b"}}]}`, "requests[0].dimensions.hostname: \"a/b\" is no hostname"},
		{"catalog/v1/get_machines", `{"requests":[{"hostname":"a"},{"hostname":"a","settle":"1"}]}`, "requests[1].instance: it is required"},
		{lease, `{"dimensions":{},"duration":60}`, "request_id: it is required"},
		{lease, `{"request_id":"","dimensions":{},"duration":60}`, "request_id: it is required"},
		{lease, `{"request_id":7,"dimensions":{},"duration":60}`, "request_id: it must be a string"},
		{lease, `{"request_id":"r","duration":60}`, "dimensions: it is required"},
		{lease, `{"request_id":"` + strings.Repeat("r", 1001) + `","dimensions":{},"duration":60}`, "the limit is 1000"},
		{lease, `{"request_id":"a\nb","dimensions":{},"duration":60}`, "printed"},
		{lease, request(`"duration":"99999999999999999999"`), "64 bits"},
		{lease, request(`"indefinite":"yes"`), "indefinite"},
		{lease, request(`"on_lease":{"swarming_server":[]}`), "on_lease.swarming_server"},
		{lease, request(`"on_lease":{"swarming_server":"` + strings.Repeat("s", 2001) + `"}`), "the limit is 2000"},
		{"machine_provider/v1/batched_lease", `{"requests":[{"request_id":"good","dimensions":{},"duration":60},{}]}`, "requests[1].request_id"},
		{"machine_provider/v1/batched_release", `{"requests":[{}]}`, "requests[0].request_id"},
		{"machine_provider/v1/renew", `{"duration":6}`, "request_id"},
		{"machine_provider/v1/instruct", `{"request_id":"r","instruction":"x"}`, "instruction"},
		{"machine_provider/v1/instruct", `{"request_id":"r","instruction":{"swarming_server":"` + strings.Repeat("s", 2001) + `"}}`, "the limit is 2000"},
	} {
		code, got := w.call(whoMay(test.method), test.method, test.body)
		if code != 400 {
			t.Errorf("%s with %.100s: %d %s", test.method, test.body, code, got)
			continue
		}
		checkError(t, code, got, 400, "badRequest", test.part)
	}
	if left := w.documents(); len(left) != 0 {
		t.Errorf("it left %d documents behind, such as %v", len(left), left[0].Key)
	}
}

func TestStrangeHostnames(t *testing.T) {
	w := newWorld(t)
	for _, hostname := range []string{
		"a/b", "../x", "..", ".", "-a", "a-", "a b", "a_b", "ä", "a\u0000", "a\n", "%2e%2e", "__a__", strings.Repeat("a", 254), "a:b", "*", "GCE:x",
	} {
		for method, body := range map[string]string{
			"catalog/v1/add_machine":    `{"dimensions":{"hostname":%q},"policies":{}}`,
			"catalog/v1/delete_machine": `{"dimensions":{"hostname":%q}}`,
			"catalog/v1/get":            `{"hostname":%q}`,
			"catalog/v1/get_machines":   `{"requests":[{"hostname":%q}]}`,
			"machine/v1/poll":           `{"hostname":%q}`,
			"machine/v1/ack":            `{"hostname":%q}`,
		} {
			w.expectError(backend, method, jsonf(body, hostname), 400, "badRequest", "is no hostname")
		}
		w.expectError(lessee, "machine_provider/v1/lease", jsonf(`{"request_id":"r","dimensions":{"hostname":%q},"duration":1}`, hostname), 400, "badRequest", "is no hostname")
	}
	if left := w.documents(); len(left) != 0 {
		t.Errorf("it left %d documents behind", len(left))
	}
	for _, hostname := range []string{"a", "A1.example.com", strings.Repeat("a", 253)} {
		w.add("DELETE", hostname)
	}
}

// jsonf is Sprintf with %q as a JSON string.
func jsonf(format, text string) string {
	quoted := strings.NewReplacer(`"`, `\"`, "\x00", `\u0000`, "\n", `\n`).Replace(text)
	return strings.Replace(format, "%q", `"`+quoted+`"`, 1)
}

func TestBodyOverTheLimit(t *testing.T) {
	w := newWorld(t)
	large := `{"requests":[],"padding":"` + strings.Repeat("x", maxBody) + `"}`
	for method := range goodBodies {
		code, got := w.raw(http.MethodPost, "Bearer dev:"+whoMay(method), method, large)
		checkError(t, code, got, 400, "badRequest", "10485760")
	}
	fits := `{"padding":"` + strings.Repeat("x", maxBody-100) + `"}`
	w.expect(backend, "catalog/v1/add_machines", fits, 200, `{}`)
}

// FuzzBodies sends arbitrary bodies to every method. The response is 200, 204,
// 400, 403 or 404, with JSON, and a refused request leaves nothing behind.
func FuzzBodies(f *testing.F) {
	methods := make([]string, 0, len(goodBodies))
	for method, body := range goodBodies {
		methods = append(methods, method)
		f.Add(method, []byte(body))
	}
	f.Add("catalog/v1/add_machine", []byte(`{"dimensions":{"num_cpus":-1,"hostname":"a/b"},"policies":{"backend_attributes":[null]}}`))
	f.Add("machine_provider/v1/lease", []byte(`{"request_id":"\ud800","dimensions":{"memory_gb":1e999},"duration":-0}`))
	f.Add("catalog/v1/list_changes", []byte(`{"cursor":"1.1.0000000000000000000000000000000000000000"}`))
	f.Fuzz(func(t *testing.T, method string, body []byte) {
		if _, ok := goodBodies[method]; !ok {
			method = methods[len(body)%len(methods)]
		}
		w := newWorld(t)
		code, got := w.call(whoMay(method), method, string(body))
		switch code {
		case 200, 204:
		case 400, 403, 404:
			checkError(t, code, got, code, map[int]string{400: "badRequest", 403: "forbidden", 404: "notFound"}[code], "")
			if left := w.documents(); len(left) != 0 {
				t.Fatalf("%s with %q: %d, and it left %d documents behind", method, body, code, len(left))
			}
		default:
			t.Fatalf("%s with %q: %d %s", method, body, code, got)
		}
	})
}

func TestAnswersAreStable(t *testing.T) {
	first := ""
	for i := range 3 {
		w := newWorld(t)
		w.add("DELETE", "vm-1")
		_, got := w.call(backend, "catalog/v1/get", `{"hostname":"vm-1"}`)
		if i == 0 {
			first = got
		}
		if got != first || strings.ContainsAny(got, " \n") {
			t.Fatal(fmt.Sprint(got, first))
		}
	}
}
