package simulator_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// Whatever the request, the simulator answers as the API does, and its later
// events still run.
func FuzzRequests(f *testing.F) {
	const project, zone = "/compute/v1/projects/test-project", "/compute/v1/projects/test-project/zones/us-central1-a"
	template := `{"name":"t","properties":{"machineType":"n1-standard-1","disks":[{"boot":true,"initializeParams":{"sourceImage":"global/images/debian"}}],"networkInterfaces":[{"network":"global/networks/default"}]}}`
	f.Add(http.MethodPost, project+"/global/instanceTemplates", "requestId=00000000-0000-5000-8000-000000000001", []byte(template))
	f.Add(http.MethodPost, zone+"/instanceGroupManagers", "", []byte(`{"name":"g","baseInstanceName":"g-vm","instanceTemplate":"global/instanceTemplates/t0","targetSize":2}`))
	f.Add(http.MethodPost, zone+"/instanceGroupManagers/g0/resize", "size=3", []byte(nil))
	f.Add(http.MethodPost, zone+"/instanceGroupManagers/g0/listManagedInstances", "maxResults=1&pageToken=e30", []byte(nil))
	f.Add(http.MethodPost, zone+"/instanceGroupManagers/g0/deleteInstances", "", []byte(`{"instances":["zones/us-central1-a/instances/x"]}`))
	f.Add(http.MethodPost, zone+"/instanceGroupManagers/g0/createInstances", "", []byte(`{"instances":[{"name":"g0-vm-1"}]}`))
	f.Add(http.MethodPatch, zone+"/instanceGroupManagers/g0", "", []byte(`{"targetSize":-1}`))
	f.Add(http.MethodGet, project+"/aggregated/instanceGroupManagers", "filter=name+eq+g.*&orderBy=creationTimestamp+desc", []byte(nil))
	f.Add(http.MethodGet, zone+"/operations", "filter=status!=DONE", []byte(nil))
	f.Add(http.MethodDelete, zone+"/instanceGroupManagers/g0", "requestId=x", []byte(nil))
	f.Add(http.MethodPost, zone+"/disks", "", []byte(`{"name":"d","sizeGb":"10"}`))
	f.Add(http.MethodPost, project+"/global/images", "", []byte(`{"name":"i","sourceSnapshot":"global/snapshots/s","labels":{"a":null}}`))
	f.Add(http.MethodPost, zone+"/disks/d/createSnapshot", "", []byte(`{"name":"s"}`))
	f.Add(http.MethodPost, zone+"/instanceGroups/g0/setNamedPorts", "", []byte(`{"namedPorts":[{"name":"a","port":1},null]}`))
	f.Add(http.MethodPatch, zone+"/instanceGroupManagers/g0", "", []byte(`{"versions":[{"instanceTemplate":"global/instanceTemplates/t0","targetSize":{"fixed":null}}],"statefulPolicy":{"preservedState":{"disks":{"d":null}}}}`))
	f.Add(http.MethodPost, "/batch/compute/v1", "", []byte("--x\r\n\r\nGET /compute/v1/projects/p/zones HTTP/1.1\r\n\r\n--x--"))
	f.Add(http.MethodPost, "/admin/faults", "", []byte(`{"method":"*","fault":{"status":503}}`))
	f.Fuzz(func(t *testing.T, method, path, query string, body []byte) {
		if strings.HasSuffix(path, "/wait") { // which may take two minutes
			return
		}
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		c := &clock{now: now}
		cloud := simulator.New(simulator.Options{Now: c.Now, Sleep: c.Sleep, Rand: rand.New(rand.NewPCG(1, 2))})
		send := func(method, path, query string, body []byte) int {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(string(body)))
			r.Method, r.URL = method, &url.URL{Path: path, RawQuery: query}
			r.RequestURI = path
			w := httptest.NewRecorder()
			cloud.ServeHTTP(w, r)
			return w.Code
		}
		send(http.MethodPost, project+"/global/instanceTemplates", "", []byte(strings.Replace(template, `"t"`, `"t0"`, 1)))
		send(http.MethodPost, zone+"/instanceGroupManagers", "", []byte(`{"name":"g0","baseInstanceName":"g0-vm","instanceTemplate":"global/instanceTemplates/t0","targetSize":1}`))
		code := send(method, path, query, body)
		if injected := strings.HasPrefix(path, "/admin/"); code >= http.StatusInternalServerError && code != http.StatusNotImplemented && !injected {
			t.Errorf("%s %s?%s with %q: %d", method, path, query, body, code)
		}
		for range 100 {
			next, ok := cloud.NextEvent()
			if !ok {
				return
			}
			_ = c.Sleep(t.Context(), next.Sub(c.Now())) // the test's context has not ended
			cloud.Advance()
		}
	})
}
