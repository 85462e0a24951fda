package firestore_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/emulators/emulatortest"
	"github.com/gce-backend/gce-backend/shared/lab/gate"
)

// What the service refuses, and what the network does, has the class that the
// callers go by. A commit is sent once, whatever becomes of it.
func TestRefusals(t *testing.T) {
	g := emulatortest.Firestore(t, gate.Options{})
	s := open(t, "")
	get := func() error { _, err := s.Get(t.Context(), "instances/a"); return err }
	commit := func() error {
		_, err := s.Commit(t.Context(), store.Put("instances/a", store.Fields{"n": time.Now().UnixNano()}))
		return err
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, c := range []struct {
		name  string
		fault gate.Fault
		call  func() error
		want  failure.Class
	}{
		{"a query without an index", gate.Fault{}, func() error {
			_, err := s.Find(t.Context(), store.Query{Collection: "instances", Where: []store.Filter{{Field: "state", Op: store.Equal, Value: "found"}},
				OrderBy: []store.Order{{Field: "hostname"}}})
			return err
		}, failure.Transient},
		{"a commit, contended", gate.Fault{Code: codes.Aborted}, commit, failure.Conflict},
		{"a commit, not available", gate.Fault{Code: codes.Unavailable}, commit, failure.Transient},
		{"a commit whose answer is lost", gate.Fault{Code: codes.Unavailable, Late: true}, commit, failure.Transient},
		{"a get, not available", gate.Fault{Code: codes.Unavailable}, get, failure.Transient},
		{"a slow commit", gate.Fault{Delay: 10 * time.Millisecond}, commit, failure.None},
	} {
		calls = 0
		g.Inject(func(string) gate.Fault { calls++; return c.fault })
		if err := c.call(); failure.ClassOf(err) != c.want {
			t.Errorf("%s: %v of class %q, want %q", c.name, err, failure.ClassOf(err), c.want)
		}
		if calls != 1 {
			t.Errorf("%s: sent %d times", c.name, calls)
		}
	}
}
