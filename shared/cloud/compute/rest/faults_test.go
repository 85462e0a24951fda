package rest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

func TestOperationErrors(t *testing.T) {
	tests := []struct {
		code string
		want failure.Class
	}{
		{"QUOTA_EXCEEDED", failure.Quota},
		{"ZONE_RESOURCE_POOL_EXHAUSTED", failure.Transient},
		{"INVALID_USAGE", failure.Permanent},
	}
	for _, test := range tests {
		w := newWorld(t)
		w.cloud.Inject(simulator.Injection{Method: "instanceTemplates.insert", Fault: simulator.Fault{
			OperationErrors: []simulator.OperationError{{Code: test.code, Message: "as the test says"}}}})
		err := w.InsertTemplate(t.Context(), newTemplate(template), "")
		w.want(err, test.want)
		var operation *compute.OperationError
		if !errors.As(err, &operation) || operation.Code != test.code || operation.Method != "instanceTemplates.insert" ||
			operation.Target != template || operation.Message != "as the test says" {
			t.Errorf("got %+v", operation)
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name  string
		fault simulator.Fault
		want  failure.Class
	}{
		{"rate limit", simulator.Fault{Status: 403, Reason: "rateLimitExceeded"}, failure.Quota},
		{"forbidden", simulator.Fault{Status: 403}, failure.Permanent},
		{"unavailable", simulator.Fault{Status: 503}, failure.Transient},
		{"the answer is lost", simulator.Fault{LoseResponse: true}, failure.Transient},
		{"the request is lost", simulator.Fault{DropRequest: true}, failure.Transient},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.cloud.Inject(simulator.Injection{Method: "instanceTemplates.insert", Fault: test.fault})
			w.want(w.InsertTemplate(t.Context(), newTemplate(template), ""), test.want)
			if calls := w.cloud.Calls()["instanceTemplates.insert"]; calls != 1 {
				t.Errorf("a change was sent %d times, want 1", calls)
			}
			w.cloud.Inject(simulator.Injection{Method: "instanceTemplates.list", Count: 2, Fault: test.fault})
			_, err := w.Templates(t.Context(), project)
			w.want(err, test.want)
		})
	}
}

func TestAReadIsTriedTwice(t *testing.T) {
	w := newWorld(t)
	w.group(0)
	for _, method := range []string{"instanceGroupManagers.get", "instanceGroupManagers.aggregatedList"} {
		w.cloud.Inject(simulator.Injection{Method: method, Fault: simulator.Fault{Status: 503}})
	}
	_, err := w.Group(t.Context(), ref)
	w.must(err)
	groups, err := w.Groups(t.Context(), project)
	w.must(err)
	if len(groups) != 1 {
		t.Errorf("got %+v, want one group", groups)
	}
}

func TestAnOperationThatTakesLonger(t *testing.T) {
	w := newWorld(t)
	w.cloud.Inject(simulator.Injection{Method: "instanceTemplates.insert", Fault: simulator.Fault{OperationDelay: 5 * time.Minute}})
	w.must(w.InsertTemplate(t.Context(), newTemplate(template), ""))
	if calls := w.cloud.Calls()["globalOperations.wait"]; calls < 2 {
		t.Errorf("waited %d times, want again after the server's two minutes", calls)
	}
}

func TestAnOperationThatNeverEnds(t *testing.T) {
	waiting := make(chan struct{}, 1)
	w := newWorld(t, func(o *rest.Options) { o.HTTPClient = endless(o.HTTPClient.Transport, waiting) })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-waiting; cancel() }()
	err := w.InsertTemplate(ctx, newTemplate(template), "")
	w.want(err, failure.Transient)
	if !strings.Contains(err.Error(), "still under way") {
		t.Errorf("got %v", err)
	}
}

// endless never answers operations.wait.
func endless(base http.RoundTripper, waiting chan<- struct{}) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/wait") {
			waiting <- struct{}{}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return base.RoundTrip(r)
	})}
}

func TestAForgottenOperationIsNotAMissingResource(t *testing.T) {
	w := newWorld(t)
	w.cloud.Inject(simulator.Injection{Method: "globalOperations.wait", Count: -1, Fault: simulator.Fault{Status: 404}})
	err := w.InsertTemplate(t.Context(), newTemplate(template), "")
	w.want(err, failure.Transient)
}

func TestACallHasADeadline(t *testing.T) {
	w := newWorld(t, func(o *rest.Options) {
		o.CallTimeout = 20 * time.Millisecond
		o.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
	})
	_, err := w.Group(t.Context(), ref)
	w.want(err, failure.Transient)
	_, err = w.VMs(t.Context(), ref) // a list: the library gives its request no context
	w.want(err, failure.Transient)
	w.want(w.DeleteGroup(t.Context(), ref, ""), failure.Transient)
}

func TestAnswersThatAreNotComputeEngines(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   failure.Class
	}{
		{"404 of something else", 404, "<html>nothing here</html>", failure.Permanent},
		{"200 of something else", 200, "<html>hello</html>", failure.Transient},
		{"a zone left out", 200, `{"items":{"zones/a":{"warning":{"code":"UNREACHABLE","message":"zone a"}}}}`, failure.Transient},
		{"a zone unreachable", 200, `{"unreachables":["zones/a"]}`, failure.Transient},
		{"an empty zone", 200, `{"items":{"zones/a":{"warning":{"code":"NO_RESULTS_ON_PAGE"}}}}`, failure.None},
		{"a regional group", 200, `{"items":{"regions/a":{"instanceGroupManagers":[{"name":"x"}]}}}`, failure.None},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(o *rest.Options) { o.HTTPClient = answering(test.status, test.body) })
			groups, err := w.Groups(t.Context(), project)
			w.want(err, test.want)
			if len(groups) != 0 {
				t.Errorf("got %+v beside", groups)
			}
		})
	}
}

func TestUnknownActionsAreNotNone(t *testing.T) {
	w := newWorld(t, func(o *rest.Options) { o.HTTPClient = answering(200, `{"name":"linux-abc","targetSize":3}`) })
	group, err := w.Group(t.Context(), ref)
	w.must(err)
	if group.TargetSize != 3 || group.Actions != nil {
		t.Errorf("got %+v, want no actions", group)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answering(status int, body string) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})}
}
