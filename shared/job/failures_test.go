package job

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

func refusal(code string) error {
	return &compute.CallError{Method: "instanceGroupManagers.resize", Target: "linux-r", Project: "p", Code: code,
		Err: failure.New(failure.Quota, "refused")}
}

func TestFailuresAreLoggedOneByOne(t *testing.T) {
	here := fleet.ManagerKey{BaseName: "linux", Revision: "r", Zone: "a"}
	there := fleet.ManagerKey{BaseName: "linux", Revision: "r", Zone: "b"}
	err := Joined(nil,
		About(fmt.Errorf("resize a: %w", refusal("rateLimitExceeded")), ManagerAttrs(here)...),
		About(Joined(failure.New(failure.Permanent, "first of b"), errors.New("second of b")), ManagerAttrs(there)...),
		fmt.Errorf("two causes: %w and %w", errors.New("x"), failure.New(failure.Transient, "y")),
	)
	var l lines
	logFailures(l.logger(), err, true)
	for i, want := range []map[string]any{
		{"severity": "WARNING", "message": "resize a: instanceGroupManagers.resize linux-r in project p: refused", "zone": "a", "error_class": "quota",
			"event": "OPERATION_ERROR", "code": "rateLimitExceeded", "method": "instanceGroupManagers.resize", "target": "linux-r"},
		{"severity": "ERROR", "message": "first of b", "zone": "b", "error_class": "permanent"},
		{"severity": "ERROR", "message": "second of b", "zone": "b", "error_class": "permanent"},
		{"severity": "WARNING", "message": "two causes: x and y", "error_class": "transient"},
	} {
		line := l.all(t)[i]
		for key, value := range want {
			if line[key] != value {
				t.Errorf("line %d: %s is %v, not %v", i, key, line[key], value)
			}
		}
		if line["next"] == "" || want["zone"] == nil && line["zone"] != nil || want["event"] == nil && line["event"] != nil {
			t.Errorf("line %d: %v", i, line)
		}
	}
	if n := len(l.all(t)); n != 4 {
		t.Errorf("%d lines", n)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	var errs []error
	for i := range 50 {
		errs = append(errs, fmt.Errorf("group %d", i))
	}
	var l lines
	logFailures(l.logger(), Joined(errs...), true)
	all := l.all(t)
	if len(all) != maxFailures+1 || all[maxFailures]["message"] != "30 more errors of this run are left out" {
		t.Errorf("%d lines, the last %v", len(all), all[len(all)-1])
	}
}

func TestWhatComesNext(t *testing.T) {
	for _, c := range []struct {
		class failure.Class
		sweep bool
		want  string
	}{
		{failure.Transient, true, "at the job's next tick"},
		{failure.Quota, false, "delivered again after some seconds"},
		{failure.Permanent, true, "needs a person"},
		{failure.NotFound, false, "needs a person"},
	} {
		if got := next(c.class, c.sweep); !strings.Contains(got, c.want) || !strings.Contains(got, "tick") {
			t.Errorf("%s: %s", c.class, got)
		}
	}
}

func TestAboutNothing(t *testing.T) {
	if err := About(nil, "zone", "z"); err != nil {
		t.Error(err)
	}
	if err := About(failure.New(failure.Conflict, "x"), "zone", "z"); !failure.Is(err, failure.Conflict) || err.Error() != "x" {
		t.Error(err)
	}
}

// An error that only looks like joined errors is one part.
func TestPartsOfWhatIsNotJoined(t *testing.T) {
	for _, err := range []error{
		fmt.Errorf("first %w, then %w", errors.New("a"), errors.New("b")),
		fmt.Errorf("%w%w", error(nil), error(nil)), //nolint:govet // on purpose: it joins nothing
	} {
		if all := parts(err, nil); len(all) != 1 || !errors.Is(all[0].err, err) {
			t.Errorf("%q: %d parts", err, len(all))
		}
	}
}
