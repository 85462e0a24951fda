package rest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// saying responds to some requests with the same content, and then with a
// server error: a list whose every page names a next page would never end.
type saying struct {
	status int
	body   []byte
	times  int
}

func (s *saying) RoundTrip(*http.Request) (*http.Response, error) {
	status, body := s.status, s.body
	if s.times--; s.times < 0 {
		status, body = http.StatusBadRequest, []byte(`{"error":{"code":400,"errors":[{"reason":"invalid"}]}}`)
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body))}, nil
}

func (s saying) engine() *rest.Engine {
	s.times = 3
	return rest.New(rest.Options{
		HTTPClient: &http.Client{Transport: &s}, Endpoint: "http://compute.test", Rand: func() float64 { return 0 },
		Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
}

// Whatever Compute Engine responds, only its own 404 means that a resource is
// gone.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`{"items":[{"name":"linux-0123456789ab","targetSize":2,"status":{"isStable":false},"currentActions":{"creating":2}}],"nextPageToken":"x"}`,
		`{"managedInstances":[{"name":"vm-1","id":"17","instanceStatus":"RUNNING","currentAction":"NONE"},{"lastAttempt":{"errors":{"errors":[{"code":"QUOTA_EXCEEDED"}]}}}]}`,
		`{"items":{"zones/us-east1-b":{"instanceGroupManagers":[{"name":"x"}],"warning":{"code":"UNREACHABLE"}}}}`,
		`{"name":"operation-1","status":"DONE","error":{"errors":[{"code":"RESOURCE_NOT_FOUND","message":"gone"}]}}`,
		`{"name":"operation-1","status":"RUNNING"}`, `{"status":"DONE","httpErrorStatusCode":404}`,
		`{"properties":{"metadata":{"items":[{"key":"k"}]},"disks":[null]}}`,
		`{"error":{"code":404,"errors":[{"reason":"notFound","message":"no such group"}]}}`, `{"error":"x"}`, `<html>`, `[]`, `null`, ``,
	} {
		f.Add(http.StatusOK, []byte(body))
		f.Add(http.StatusNotFound, []byte(body))
	}
	f.Add(http.StatusServiceUnavailable, []byte("unavailable"))
	f.Add(http.StatusForbidden, []byte(`{"error":{"errors":[{"reason":"rateLimitExceeded"}]}}`))
	ref := compute.GroupRef{Project: "some-project", Zone: "us-east1-b", Name: "linux-0123456789ab"}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 999 {
			return
		}
		said := saying{status: status, body: body}
		for method, call := range map[string]func(context.Context, *rest.Engine) error{
			"Groups": func(ctx context.Context, e *rest.Engine) error { _, err := e.Groups(ctx, ref.Project); return err },
			"Group":  func(ctx context.Context, e *rest.Engine) error { _, err := e.Group(ctx, ref); return err },
			"VMs":    func(ctx context.Context, e *rest.Engine) error { _, err := e.VMs(ctx, ref); return err },
			"Template": func(ctx context.Context, e *rest.Engine) error {
				_, err := e.Template(ctx, ref.Project, ref.Name)
				return err
			},
			"Templates": func(ctx context.Context, e *rest.Engine) error { _, err := e.Templates(ctx, ref.Project); return err },
			"Snapshots": func(ctx context.Context, e *rest.Engine) error {
				_, err := e.Snapshots(ctx, ref.Project, "s", nil)
				return err
			},
			"DeleteGroup": func(ctx context.Context, e *rest.Engine) error { return e.DeleteGroup(ctx, ref, "") },
			"DeleteTemplate": func(ctx context.Context, e *rest.Engine) error {
				return e.DeleteTemplate(ctx, ref.Project, ref.Name, "")
			},
		} {
			err := call(t.Context(), said.engine())
			changes := method == "DeleteGroup" || method == "DeleteTemplate" // an operation can also end with not found
			if failure.Is(err, failure.NotFound) && status != http.StatusNotFound && !changes {
				t.Errorf("%s: %d %q is not found: %v", method, status, body, err)
			}
			if failure.Is(err, failure.NotFound) && !bytes.Contains(body, []byte("error")) && !bytes.Contains(body, []byte("rror")) {
				t.Errorf("%s: %d %q is not found, though nobody says so: %v", method, status, body, err)
			}
		}
	})
}
