package leasing

import (
	"errors"
	"slices"
	"testing"
)

func dims(labels []string, pairs ...string) Dimensions {
	d := Dimensions{Values: map[string]string{}, SnapshotLabels: labels}
	for i := 0; i < len(pairs); i += 2 {
		d.Values[pairs[i]] = pairs[i+1]
	}
	return d
}

func TestMatch(t *testing.T) {
	machine := dims([]string{"a:b", "c:d"}, "os_family", "LINUX", "num_cpus", "8", Hostname, "vm-1")
	for _, test := range []struct {
		name   string
		wanted Dimensions
		match  bool
	}{
		{"nothing", Dimensions{}, true},
		{"all", machine, true},
		{"one", dims(nil, "num_cpus", "8"), true},
		{"another value", dims(nil, "num_cpus", "4"), false},
		{"a dimension that it lacks", dims(nil, "disk_gb", "0"), false},
		{"one of two", dims(nil, "num_cpus", "8", "os_family", "OSX"), false},
		{"a label", dims([]string{"c:d"}), true},
		{"both labels", dims([]string{"c:d", "a:b", "c:d"}), true},
		{"an unknown label", dims([]string{"c:d", "e:f"}), false},
		{"part of a label", dims([]string{"c"}), false},
	} {
		if got := machine.Match(test.wanted); got != test.match {
			t.Errorf("%s: %t", test.name, got)
		}
		// The search by term finds what matches.
		if terms := append(machine.Terms(), AnyTerm); test.match && !slices.Contains(terms, test.wanted.Selector()) {
			t.Errorf("%s: no term of it is %q", test.name, test.wanted.Selector())
		}
	}
}

func TestKeyAndSelector(t *testing.T) {
	a := dims([]string{"x", "y"}, "os_family", "LINUX", "num_cpus", "8")
	if same := dims([]string{"y", "x", "x"}, "num_cpus", "8", "os_family", "LINUX"); a.Key() != same.Key() {
		t.Error("order matters")
	}
	for _, other := range []Dimensions{{}, dims([]string{"x"}, "os_family", "LINUX", "num_cpus", "8"), dims([]string{"x", "y"}, "os_family", "LINUX", "disk_gb", "8")} {
		if a.Key() == other.Key() {
			t.Errorf("%v has the key of %v", other, a)
		}
	}
	for want, d := range map[string]Dimensions{
		AnyTerm:             {},
		"hostname=h":        dims([]string{"x"}, "os_family", "LINUX", Hostname, "h"),
		"snapshot_labels=x": a,
		"num_cpus=8":        dims(nil, "os_family", "LINUX", "num_cpus", "8"),
		"backend=GCE":       dims(nil, "backend", "GCE"),
		"architecture=ARM":  dims(nil, "provisioning", "SPOT", "architecture", "ARM"), // not listed
		"os_family=LINUX":   dims(nil, "architecture", "ARM", "os_family", "LINUX"),
	} {
		if got := d.Selector(); got != want {
			t.Errorf("%v: %q, not %q", d, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		in   Destination
		want Destination
		err  error
	}{
		{in: Destination{}},
		{in: Destination{Topic: "abc"}, want: Destination{Topic: "abc", Project: "own"}},
		{in: Destination{Topic: "abc", Project: "example.com:my-project"}, want: Destination{Topic: "abc", Project: "example.com:my-project"}},
		{in: Destination{Topic: "ab"}, err: InvalidTopic},
		{in: Destination{Topic: "1abc"}, err: InvalidTopic},
		{in: Destination{Topic: "google"}, err: InvalidTopic},
		{in: Destination{Topic: "a/b/c"}, err: InvalidTopic},
		{in: Destination{Topic: "abc", Project: "a/b"}, err: InvalidProject},
		{in: Destination{Project: "../x"}, err: InvalidProject},
		{in: Destination{Project: "my-project"}, err: UnspecifiedTopic},
	} {
		got, err := test.in.Check("own")
		if !errors.Is(err, test.err) || err == nil && got != test.want {
			t.Errorf("%+v: %+v, %v", test.in, got, err)
		}
	}
}
