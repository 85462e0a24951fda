package rest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// answers is a Compute Engine that responds to the n-th request with the n-th
// answer.
type answers struct {
	requests int
	answer   func(n int, r *http.Request) string
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.requests++
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(a.answer(a.requests, r)))}, nil
}

func (a *answers) engine(c *clock) *rest.Engine {
	return rest.New(rest.Options{HTTPClient: &http.Client{Transport: a}, Endpoint: "http://compute.invalid",
		Now: c.Now, Sleep: c.Sleep, Rand: func() float64 { return 0.5 }})
}

func TestAListThatDoesNotEnd(t *testing.T) {
	for name, token := range map[string]func(n int) string{
		"a token that leads to itself": func(int) string { return "again" },
		"always another token":         func(n int) string { return fmt.Sprint("token-", n) },
	} {
		a := &answers{answer: func(n int, _ *http.Request) string { return `{"nextPageToken":"` + token(n) + `"}` }}
		_, err := a.engine(&clock{}).VMs(t.Context(), ref)
		if failure.ClassOf(err) != failure.Transient || a.requests > 1000 {
			t.Errorf("%s: %v after %d requests", name, err, a.requests)
		}
	}
}

// operations.wait may return at once while the operation is still running.
func TestWaitingPauses(t *testing.T) {
	c := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	began := c.now
	a := &answers{answer: func(n int, _ *http.Request) string {
		if n <= 10 {
			return `{"name":"operation-1","status":"RUNNING"}`
		}
		return `{"name":"operation-1","status":"DONE"}`
	}}
	if err := a.engine(c).ResizeGroup(t.Context(), ref, 3, ""); err != nil {
		t.Fatal(err)
	}
	if took := c.Now().Sub(began); took < 9*time.Second || a.requests != 11 {
		t.Errorf("%d requests within %v", a.requests, took)
	}
}
