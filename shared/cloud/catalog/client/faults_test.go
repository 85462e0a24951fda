package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// The error of a whole call says nothing about any machine.
func TestFailedCalls(t *testing.T) {
	always := func(status int, body string) func(http.ResponseWriter, string) bool {
		return func(w http.ResponseWriter, _ string) bool {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body) // the client is in the same test
			return true
		}
	}
	const page = "<html>404 Not Found</html>"
	tests := []struct {
		name   string
		before func(http.ResponseWriter, string) bool
		want   failure.Class
	}{
		{"a wrong URL", always(404, page), failure.Permanent},
		{"a wrong URL that answers anything", always(200, page), failure.Permanent},
		{"an empty object for anything", always(200, "{}"), failure.Permanent},
		{"forbidden", always(403, `{"error":{"message":"no"}}`), failure.Permanent},
		{"malformed", always(400, `{"error":{"message":"no"}}`), failure.Permanent},
		{"in trouble", always(500, "oops"), failure.Transient},
		{"unavailable", always(503, "oops"), failure.Transient},
		{"too many", always(429, "slow down"), failure.Quota},
		{"a redirect", func(w http.ResponseWriter, _ string) bool {
			w.Header().Set("Location", "https://elsewhere.example")
			w.WriteHeader(http.StatusFound)
			return true
		}, failure.Permanent},
		{"an endless answer", always(200, strings.Repeat(" ", 9<<20)), failure.Permanent},
		{"no answer", func(http.ResponseWriter, string) bool { panic(http.ErrAbortHandler) }, failure.Transient},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			both(t, func(t *testing.T, p *provider) {
				c := p.client()
				p.before = test.before
				machines, err1 := c.Get(t.Context(), questions("vm-0", "vm-1")...)
				added, err2 := c.Add(t.Context(), entries(2)...)
				removed, err3 := c.Remove(t.Context(), catalog.Removal{Hostname: "vm-0"}, catalog.Removal{Hostname: "vm-1"})
				for call, err := range map[string]error{"Get": err1, "Add": err2} {
					if failure.ClassOf(err) != test.want {
						t.Errorf("%s: got %v of class %q, want %q", call, err, failure.ClassOf(err), test.want)
					}
				}
				if len(machines)+len(added) != 0 {
					t.Errorf("got %v and %v beside the errors", machines, added)
				}
				if failure.ClassOf(err3) != test.want || len(removed) != 0 {
					t.Errorf("Remove: got %v of class %q, want %q", err3, failure.ClassOf(err3), test.want)
				}
			})
		})
	}
}

func TestAFailureInTheMiddle(t *testing.T) {
	p := newProvider(t, true)
	p.before = func(w http.ResponseWriter, method string) bool {
		if p.calls[method] < 2 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	machines, err := p.client(func(o *client.Options) { o.Batch = 2 }).Get(t.Context(), questions(hostnames(6)...)...)
	if err != nil || len(machines) != 6 || p.calls["get_machines"] != 2 {
		t.Fatalf("got %v, %v after %v", machines, err, p.calls)
	}
	for i, machine := range machines {
		known := errors.Is(machine.Err, catalog.ErrNotFound)
		if known != (i < 2) || !known && !failure.Is(machine.Err, failure.Transient) {
			t.Errorf("%d: got %v", i, machine.Err)
		}
	}
}

func TestSingleCallsGiveUp(t *testing.T) {
	p := newProvider(t, false)
	p.before = func(w http.ResponseWriter, method string) bool {
		if method != "get" || p.calls[method] <= 4 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	c := p.client(func(o *client.Options) { o.Concurrency = 1 })
	machines, err := c.Get(t.Context(), questions(hostnames(100)...)...)
	if err != nil || p.calls["get"] != 7 {
		t.Fatalf("got %v after %v, want 4 answers and 3 failures", err, p.calls)
	}
	for i, machine := range machines {
		if known := errors.Is(machine.Err, catalog.ErrNotFound); known != (i < 4) {
			t.Errorf("%d: got %v", i, machine.Err)
		}
	}
}

// A response about another machine, or with too few machines, is an error.
func TestAnswersThatDoNotFit(t *testing.T) {
	answers := []string{
		`{"responses":[{"dimensions":{"hostname":"vm-7"},"machine_deletion_request":{"dimensions":{"hostname":"vm-7"}}}]}`,
		`{"responses":[]}`,
		`{"responses":[{}]}`,
		`{"responses":[{},{}]}`,
		`[]`,
	}
	for _, answer := range append(answers, "{}") {
		p := newProvider(t, true)
		p.before = func(w http.ResponseWriter, method string) bool {
			if answer == "{}" && slices.Contains(own, method) {
				w.WriteHeader(http.StatusNotFound) // so that the single calls are used
				return true
			}
			_, _ = fmt.Fprint(w, answer) // the client is in the same test
			return true
		}
		c := p.client()
		machines, err := c.Get(t.Context(), questions("vm-0")...)
		if err == nil && (machines[0].Err == nil || errors.Is(machines[0].Err, catalog.ErrNotFound)) {
			t.Errorf("Get: %s was taken for %+v", answer, machines[0])
		}
		removed, err := c.Remove(t.Context(), catalog.Removal{Hostname: "vm-0"})
		if err == nil && (removed[0] == nil || errors.Is(removed[0], catalog.ErrNotFound)) {
			t.Errorf("Remove: %s was taken for success", answer)
		}
	}
}

func TestACallHasADeadline(t *testing.T) {
	p := newProvider(t, true)
	release := make(chan struct{})
	p.before = func(http.ResponseWriter, string) bool { <-release; return true }
	c := p.client(func(o *client.Options) { o.Timeout = 20 * time.Millisecond })
	_, err := c.Get(t.Context(), questions("vm-0")...)
	close(release)
	if !failure.Is(err, failure.Transient) {
		t.Errorf("got %v of class %q, want a transient one", err, failure.ClassOf(err))
	}
}

// A server that responds to everything with 404, in the API's own format, is
// broken: the machines are not missing.
func TestA404ToEverythingIsNotBelieved(t *testing.T) {
	p := newProvider(t, true)
	p.before = func(w http.ResponseWriter, _ string) bool {
		p.refused(w, http.StatusNotFound, "not found")
		return true
	}
	machines, err := p.client().Get(t.Context(), questions("a", "b")...)
	if err != nil {
		t.Fatal(err)
	}
	for _, machine := range machines {
		if machine.Err == nil || errors.Is(machine.Err, catalog.ErrNotFound) {
			t.Errorf("of %s it is said: %v", machine.Hostname, machine.Err)
		}
	}
}
