package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// saying responds to every request with the same content.
type saying struct {
	status int
	body   []byte
}

func (s saying) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s.status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(s.body))}, nil
}

func (s saying) client() *client.Client {
	return client.New(client.Options{
		Base:       func(context.Context) (string, error) { return "http://provider.test", nil },
		Token:      func(context.Context, string) (string, error) { return "dev:backend@example.com", nil },
		HTTPClient: &http.Client{Transport: s}, Concurrency: 1,
	})
}

// Whatever the response is, there is a result for each machine, and success for
// a machine only if a response with status 200 names it.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`{"responses":[{"dimensions":{"hostname":"vm-1"},"policies":{"backend_attributes":[{"key":"instance","value":"vm-1:17"}]},"lease_expiration_ts":"1767323045"}]}`,
		`{"dimensions":{"hostname":"vm-1"},"leased_indefinitely":true}`, `{"responses":[{"error":"ENTRY_NOT_FOUND"}]}`,
		`{"responses":[{"machine_deletion_request":{"dimensions":{"hostname":"vm-1"}}}]}`, `{"responses":[{"error":"LEASED"}]}`,
		`{"changes":[{"hostname":"vm-1","instance":"vm-1:17","removed":true}],"cursor":"1.2.3","more":true}`,
		`{"error":{"code":404,"message":"not found"}}`, `{"lease_expiration_ts":1e99}`, `[]`, `null`, ``,
	} {
		f.Add(http.StatusOK, []byte(body))
		f.Add(http.StatusNotFound, []byte(body))
	}
	f.Add(http.StatusServiceUnavailable, []byte("unavailable"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 999 {
			return
		}
		said := saying{status, body}
		named := status == http.StatusOK && bytes.Contains(body, []byte("vm-1")) || bytes.Contains(body, []byte(`\`)) // the name may contain escapes
		machines, err := said.client().Get(t.Context(), questions("vm-1")...)
		if err == nil && (len(machines) != 1 || machines[0].Hostname != "vm-1" || machines[0].Err == nil && !named) {
			t.Errorf("get: %d %q is %+v", status, body, machines)
		}
		if err == nil && errors.Is(machines[0].Err, catalog.ErrNotFound) && status != http.StatusOK && status != http.StatusNotFound {
			t.Errorf("get: %d %q is not found", status, body)
		}
		if err != nil && failure.Is(err, failure.NotFound) {
			t.Errorf("get: %d %q is %v", status, body, err)
		}
		results, err := said.client().Remove(t.Context(), catalog.Removal{Hostname: "vm-1", Instance: "vm-1:17"})
		if err == nil && (len(results) != 1 || results[0] == nil && !named) {
			t.Errorf("remove: %d %q is %v", status, body, results)
		}
		results, err = said.client().Add(t.Context(), catalog.Entry{Hostname: "vm-1", Instance: "vm-1:17"})
		if err == nil && (len(results) != 1 || results[0] == nil && !named) {
			t.Errorf("add: %d %q is %v", status, body, results)
		}
		if changes, err := said.client().Changes(t.Context(), "1.1.x"); err != nil && len(changes.Changed) > 0 {
			t.Errorf("changes: %+v beside %v", changes, err)
		}
	})
}
