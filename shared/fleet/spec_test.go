package fleet

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

// full has every field set, each list with more than one entry.
func full() TemplateSpec {
	return TemplateSpec{
		Project: "my-project", Dimensions: []string{"os_family:LINUX", "linux_flavor:DEBIAN"},
		ImageName: "debian-12", ImageProject: "debian-cloud", DiskSizeGB: 100, DiskType: "pd-ssd",
		ServiceAccounts: []ServiceAccount{
			{Name: "machine@example.com", Scopes: []string{"https://scope/b", "https://scope/a"}},
			{Name: "logs@example.com", Scopes: []string{"https://scope/d", "https://scope/c"}},
			{Name: "extra@example.com"},
		},
		Tags: []string{"web", "build"}, Metadata: map[string]string{"startup-script": "echo secret-word", "k": "v:w"},
		MachineType: "n2-standard-4", Network: "global/networks/other", ExternalIP: true, MinCPUPlatform: "Intel Ice Lake",
		SnapshotName: "base", SnapshotLabels: map[string]string{"stage": "prod", "kind": "cache"},
	}
}

// The id of a revision must never change by itself: a new id would replace
// every VM of every pool.
func TestRevisionIDGolden(t *testing.T) {
	for _, c := range []struct {
		name string
		spec TemplateSpec
		want string
	}{
		{"empty", TemplateSpec{}, "44136fa355b3"},
		{"least", TemplateSpec{Project: "my-project", ImageName: "debian-12", MachineType: "e2-small",
			ServiceAccounts: []ServiceAccount{{Name: "machine@example.com"}}}, "055d592140ee"},
		{"full", full(), "c8490fab201f"},
	} {
		if got := c.spec.RevisionID(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestRevisionIDIsInsensitiveToOrder(t *testing.T) {
	want := full().RevisionID()
	for name, change := range map[string]func(*TemplateSpec){
		"tags":       func(s *TemplateSpec) { s.Tags = []string{"build", "web"} },
		"dimensions": func(s *TemplateSpec) { s.Dimensions = []string{"linux_flavor:DEBIAN", "os_family:LINUX"} },
		"scopes of the first account": func(s *TemplateSpec) {
			s.ServiceAccounts[0].Scopes = []string{"https://scope/a", "https://scope/b"}
		},
		"scopes of another account": func(s *TemplateSpec) {
			s.ServiceAccounts[1].Scopes = []string{"https://scope/c", "https://scope/d"}
		},
		"accounts after the first": func(s *TemplateSpec) {
			s.ServiceAccounts[1], s.ServiceAccounts[2] = s.ServiceAccounts[2], s.ServiceAccounts[1]
		},
		"metadata": func(s *TemplateSpec) {
			s.Metadata = map[string]string{"k": "v:w", "startup-script": "echo secret-word"}
		},
		"snapshot labels": func(s *TemplateSpec) { s.SnapshotLabels = map[string]string{"kind": "cache", "stage": "prod"} },
		"empty is absent": func(s *TemplateSpec) { s.ServiceAccounts[2].Scopes = []string{} },
	} {
		spec := full()
		change(&spec)
		if got := spec.RevisionID(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for range 50 { // maps come in any order
		if got := full().RevisionID(); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

func TestRevisionIDTellsEverythingElseApart(t *testing.T) {
	seen := map[string]string{full().RevisionID(): "full"}
	check := func(name string, spec TemplateSpec) {
		t.Helper()
		id := spec.RevisionID()
		if other, known := seen[id]; known {
			t.Errorf("%s has the revision of %s", name, other)
		}
		seen[id] = name
	}
	fields := reflect.TypeFor[TemplateSpec]()
	for i := range fields.NumField() { // a field that is added later is covered as well
		spec := full()
		reflect.ValueOf(&spec).Elem().Field(i).SetZero()
		check("without "+fields.Field(i).Name, spec)
	}
	for name, change := range map[string]func(*TemplateSpec){
		"another first account": func(s *TemplateSpec) {
			s.ServiceAccounts[0], s.ServiceAccounts[1] = s.ServiceAccounts[1], s.ServiceAccounts[0]
		},
		"a scope less":                    func(s *TemplateSpec) { s.ServiceAccounts[1].Scopes = s.ServiceAccounts[1].Scopes[:1] },
		"a scope moved":                   func(s *TemplateSpec) { s.ServiceAccounts[2].Scopes = []string{"https://scope/c"} },
		"a tag more":                      func(s *TemplateSpec) { s.Tags = append(s.Tags, "more") },
		"a tag as two":                    func(s *TemplateSpec) { s.Tags = []string{"we", "b", "build"} },
		"a tag is a dimension":            func(s *TemplateSpec) { s.Tags, s.Dimensions = s.Dimensions, s.Tags },
		"metadata":                        func(s *TemplateSpec) { s.Metadata["k"] = "v" },
		"an empty metadata value":         func(s *TemplateSpec) { s.Metadata["x"] = "" },
		"the image's project":             func(s *TemplateSpec) { s.ImageProject = "other" },
		"the size":                        func(s *TemplateSpec) { s.DiskSizeGB++ },
		"the address":                     func(s *TemplateSpec) { s.ExternalIP, s.MinCPUPlatform = false, "x" },
		"a label's key as another's":      func(s *TemplateSpec) { s.SnapshotLabels = map[string]string{"kind": "prod", "stage": "cache"} },
		"a label in place of the snapsho": func(s *TemplateSpec) { s.SnapshotName, s.SnapshotLabels["name"] = "", "base" },
	} {
		spec := full()
		change(&spec)
		check(name, spec)
	}
}

func TestRevisionIDLeavesTheSpecAlone(t *testing.T) {
	spec := full()
	spec.RevisionID()
	if !reflect.DeepEqual(spec, full()) {
		t.Errorf("the spec was sorted: %+v", spec)
	}
}

func TestWantsSnapshot(t *testing.T) {
	for _, c := range []struct {
		spec TemplateSpec
		want bool
	}{
		{TemplateSpec{}, false},
		{TemplateSpec{SnapshotName: "base"}, true},
		{TemplateSpec{SnapshotLabels: map[string]string{"k": "v"}}, true},
		{TemplateSpec{SnapshotLabels: map[string]string{}}, false},
	} {
		if c.spec.WantsSnapshot() != c.want {
			t.Errorf("%+v: %v", c.spec, !c.want)
		}
	}
}

// Metadata may hold secrets; a record that is logged by mistake must not show
// it.
func TestMetadataIsNeverLogged(t *testing.T) {
	spec := full()
	revision := Revision{BaseName: "linux", ID: spec.RevisionID(), Spec: spec}
	wish := Wish{BaseName: "linux", Spec: &spec}
	records := Records{Revisions: map[string]Revision{"r": revision}}
	var b bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(slog.NewJSONHandler(&b, nil)), slog.New(slog.NewTextHandler(&b, nil))} {
		for name, value := range map[string]any{
			"spec": spec, "pointer": &spec, "revision": revision, "revision pointer": &revision, "wish": wish, "records": records,
			"list": []Revision{revision}, "error": fmt.Errorf("%v %+v", spec, revision),
		} {
			b.Reset()
			log.Info("x", "value", value, slog.Group("in", "value", value))
			log.With("value", value).Warn("y")
			if strings.Contains(b.String(), "secret-word") {
				t.Errorf("%s: %s", name, b.String())
			}
		}
	}
}
