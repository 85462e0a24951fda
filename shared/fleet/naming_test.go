package fleet

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// validName reports whether Compute Engine accepts a name (RFC 1035).
var validName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`).MatchString

func TestNames(t *testing.T) {
	const revision = "0123456789ab"
	m := Manager{BaseName: "linux", Revision: revision, Zone: "us-east1-b"}
	for got, want := range map[string]string{
		TemplateName("linux", revision): "linux-0123456789ab",
		m.GroupName():                   "linux-0123456789ab",
		Revision{BaseName: "linux", ID: revision}.TemplateName(): "linux-0123456789ab",
		BaseInstanceName("linux", revision, "us-east1-b"):        "linux-01234567-us-east1-b",
		m.Key().String(): "linux/0123456789ab/us-east1-b",
		InstanceKey("linux-01234567-us-east1-b-x1y2", "42"): "linux-01234567-us-east1-b-x1y2:42",
		BaseInstanceName("linux", "0123", "z"):              "linux-0123-z",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if id := (TemplateSpec{}).RevisionID(); !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("revision %q", id)
	}
}

// The limits are Compute Engine's: 63 characters, and 58 for a name to which it
// appends a hyphen and four characters. Both limit the base name.
func TestNameLimits(t *testing.T) {
	const revision = "0123456789ab"
	base := strings.Repeat("b", MaxNameLength-1-RevisionLength)
	if name := TemplateName(base, revision); len(name) != MaxNameLength || !validName(name) {
		t.Errorf("%q is no valid name", name)
	}
	if name := TemplateName(base+"b", revision); validName(name) {
		t.Errorf("%q is a valid name", name)
	}
	zone := "northamerica-northeast1-a"
	base = strings.Repeat("b", MaxBaseInstanceNameLength-len(zone)-len("-01234567-"))
	if name := BaseInstanceName(base, revision, zone); len(name) != MaxBaseInstanceNameLength || !validName(name+"-x1y2") {
		t.Errorf("%q has %d characters", name, len(name))
	}
	if len("-x1y2")+MaxBaseInstanceNameLength != MaxNameLength {
		t.Error("the limits do not fit each other")
	}
}

func TestRequestID(t *testing.T) {
	const want = "6282f666-fff6-5d06-a07f-dd9bb3ea1b9a" // computed with another program
	if got := RequestID("insert template", "gce-backend", "p", "linux-0123456789ab", "2026-03-14T12:00"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"a", "", "b"}, {"1:a"}, {"a1:b"}, {"ä"}, {strings.Repeat("x", 1000)}} {
		id, name := RequestID(parts...), strings.Join(parts, "|")
		if !uuid.MatchString(id) {
			t.Errorf("%q: %s is no UUID of version 5", parts, id)
		}
		if id != RequestID(parts...) {
			t.Errorf("%q: not the same twice", parts)
		}
		if other, known := seen[id]; known {
			t.Errorf("%q and %q have the same id", other, name)
		}
		seen[id] = name
	}
}

func TestAttempt(t *testing.T) {
	at := time.Date(2026, 3, 14, 12, 0, 1, 0, time.UTC)
	since := at.Add(-time.Hour)
	first := Attempt(at, since)
	for _, test := range []struct {
		name       string
		now, since time.Time
		same       bool
	}{
		{"again at once", at.Add(time.Second), since, true},
		{"elsewhere", at.In(time.FixedZone("x", 3600)), since.In(time.FixedZone("x", 3600)), true},
		{"later", at.Add(10 * time.Second), since, false},
		{"asked for anew", at, since.Add(time.Nanosecond), false},
	} {
		if same := Attempt(test.now, test.since) == first; same != test.same {
			t.Errorf("%s: the same attempt: %v", test.name, same)
		}
	}
}
