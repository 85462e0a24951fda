package manifest_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

func parsed(t *testing.T) manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse(functions.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// One name per job: the key in functions.yaml is the job's name, from which its
// topic, its entry point and its label come; without hyphens it is the folder
// and the package.
func TestOneNamePerFunction(t *testing.T) {
	m := parsed(t)
	var served []string
	for _, j := range functions.Jobs() {
		served = append(served, j.Name)
		// The handler is made in the job's own package, and nowhere else.
		if at := reflect.ValueOf(j.New); !at.IsValid() || at.IsNil() {
			t.Errorf("%s makes no handler", j.Name)
		}
	}
	web := httpFunctions(t)
	for _, function := range m.Names() {
		folder := strings.ReplaceAll(function, "-", "")
		if m.Functions[function].HTTP() != slices.Contains(web, folder) {
			t.Errorf("%s: trigger %q; functions.go serves over HTTP %v", function, m.Functions[function].Trigger, web)
		}
		if m.Functions[function].HTTP() {
			served = append(served, function)
		}
	}
	slices.Sort(served)
	if !slices.Equal(served, m.Names()) {
		t.Errorf("served %v\nfunctions.yaml %v", served, m.Names())
	}
	name := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	for _, function := range served {
		if !name.MatchString(function) || len(function) > 40 {
			t.Errorf("%q is no name", function)
		}
		folder := strings.ReplaceAll(function, "-", "")
		text, err := os.ReadFile(filepath.Join("../../../functions", folder, folder+".go"))
		if err != nil {
			t.Errorf("%s: its main file is not where its name says: %v", function, err)
			continue
		}
		if !strings.Contains(string(text), "\npackage "+folder+"\n") {
			t.Errorf("%s: its package has another name", function)
		}
		if !strings.Contains(string(text), `"`+function+`"`) {
			t.Errorf("%s: its main file does not say its name", function)
		}
	}
}

// httpFunctions are the packages of the functions that functions.go serves over
// HTTP, each under its package's Name.
func httpFunctions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../../functions.go")
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for _, match := range regexp.MustCompile(`(?m)^\s*([a-z]+)\.Name:`).FindAllStringSubmatch(string(text), -1) {
		packages = append(packages, match[1])
	}
	if len(packages) == 0 {
		t.Fatal("functions.go serves nothing over HTTP")
	}
	return packages
}

// Every announced fact has a listener, and every fact that a function listens
// to is announced.
func TestFactsMeet(t *testing.T) {
	m := parsed(t)
	listened, announced := map[string]bool{}, map[string]bool{}
	for name, function := range m.Functions {
		listened[name] = !function.HTTP() // the topic of its own name
		for _, fact := range function.Listens {
			listened[fact] = true
		}
		for _, fact := range function.Announces {
			announced[fact] = true
		}
	}
	for fact := range announced {
		if !listened[fact] {
			t.Errorf("%s is announced and nobody listens", fact)
		}
		if _, source := m.Sources[fact]; source {
			t.Errorf("%s is announced by a function and a source as well", fact)
		}
	}
	for fact := range listened {
		_, source := m.Sources[fact]
		if _, function := m.Functions[fact]; !function && !announced[fact] && !source {
			t.Errorf("%s is waited for and nobody announces it", fact)
		}
	}
	for fact, who := range m.Sources {
		if !listened[fact] || who == "" {
			t.Errorf("the source %s: listened to %v, by %q", fact, listened[fact], who)
		}
	}
	if !listened[event.LeasesChanged] {
		t.Errorf("nobody listens to %s", event.LeasesChanged)
	}
}

// Each step of the pipeline is woken by the step before it.
func TestTheChain(t *testing.T) {
	m := parsed(t)
	chain := []struct{ fact, from, to string }{
		{"config-imported", "import-config", "process-config"},
		{"config-processed", "process-config", "create-instance-templates"},
		{"config-processed", "process-config", "remove-cataloged-instances"},
		{"templates-created", "create-instance-templates", "create-instance-group-managers"},
		{"managers-created", "create-instance-group-managers", "resize-instance-groups"},
		{"groups-resized", "resize-instance-groups", "fetch-instances"},
		{"instances-fetched", "fetch-instances", "catalog-instances"},
		{"leases-changed", "machine-provider", "update-cataloged-instances"},
		{"instances-marked", "update-cataloged-instances", "delete-instances-pending-deletion"},
		{"instances-marked", "remove-cataloged-instances", "delete-instances-pending-deletion"},
		{"instances-deleted", "delete-instances-pending-deletion", "resize-instance-groups"},
		{"instances-deleted", "delete-instances-pending-deletion", "delete-instance-group-managers"},
		{"instances-deleted", "delete-instances-pending-deletion", "cleanup-entities"},
		{"managers-deleted", "delete-instance-group-managers", "delete-instance-templates"},
		{"templates-deleted", "delete-instance-templates", "cleanup-entities"},
	}
	for _, step := range chain {
		if !slices.Contains(m.Functions[step.from].Announces, step.fact) {
			t.Errorf("%s does not announce %s", step.from, step.fact)
		}
		if !slices.Contains(m.Functions[step.to].Listens, step.fact) {
			t.Errorf("%s does not listen to %s", step.to, step.fact)
		}
	}
}

func TestEachFunctionIsWhole(t *testing.T) {
	for name, function := range parsed(t).Functions {
		if !strings.HasSuffix(function.Summary, ".") || len(function.Summary) > 150 {
			t.Errorf("%s: summary %q", name, function.Summary)
		}
		if seconds := function.TimeoutSeconds; seconds <= 0 || seconds > 540 {
			t.Errorf("%s may take %d s; an event-driven function has 540", name, seconds)
		}
		if function.Timeout() != time.Duration(function.TimeoutSeconds)*time.Second {
			t.Errorf("%s: %v", name, function.Timeout())
		}
		if !function.HTTP() && function.Schedule != "* * * * *" {
			t.Errorf("%s ticks at %q, and not each minute", name, function.Schedule)
		}
		if function.HTTP() && (function.Schedule != "" || function.Listens != nil) {
			t.Errorf("%s serves HTTP, and takes messages", name)
		}
		if !regexp.MustCompile(`^[0-9]+Mi$`).MatchString(function.Memory) || function.Concurrency < 1 || function.MaxInstances < 1 {
			t.Errorf("%s: memory %q, concurrency %d, instances %d", name, function.Memory, function.Concurrency, function.MaxInstances)
		}
		if function.Firestore != "" && function.Firestore != "user" && function.Firestore != "viewer" {
			t.Errorf("%s: firestore %q", name, function.Firestore)
		}
		for what, list := range map[string][]string{"listens": function.Listens, "announces": function.Announces, "compute": function.Compute} {
			sorted := slices.Clone(list)
			slices.Sort(sorted)
			if len(slices.Compact(sorted)) != len(list) {
				t.Errorf("%s: %s has something twice: %v", name, what, list)
			}
		}
		if slices.Contains(function.Listens, name) {
			t.Errorf("%s: it listens to its own topic anyway", name)
		}
		for _, permission := range function.Compute {
			if !strings.HasPrefix(permission, "compute.") || strings.Count(permission, ".") != 2 {
				t.Errorf("%s: %q is no permission", name, permission)
			}
		}
	}
}

func TestTopicsAndSubscriptions(t *testing.T) {
	m, err := manifest.Parse([]byte(`
functions:
  b-job: {listens: [x-done, upload], announces: [b-job], timeout: 30}
  a-job: {announces: [x-done]}
  web: {trigger: http, announces: [y-done]}
sources:
  upload: somebody
`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Names(), []string{"a-job", "b-job", "web"}; !slices.Equal(got, want) {
		t.Errorf("names %v", got)
	}
	if got, want := m.Topics(), []string{"a-job", "b-job", "upload", "x-done", "y-done"}; !slices.Equal(got, want) {
		t.Errorf("topics %v", got)
	}
	var got []string
	for _, subscription := range m.Subscriptions() {
		got = append(got, subscription.Name())
	}
	if want := []string{"a-job.a-job", "b-job.b-job", "b-job.x-done", "b-job.upload"}; !slices.Equal(got, want) {
		t.Errorf("subscriptions %v", got)
	}
	seen := map[string]bool{}
	for _, subscription := range parsed(t).Subscriptions() {
		if seen[subscription.Name()] {
			t.Errorf("%s is there twice", subscription.Name())
		}
		seen[subscription.Name()] = true
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"an unknown field":          "functions:\n  a: {listen: [x]}\n",
		"an unknown section":        "function:\n  a: {}\n",
		"a function twice":          "functions:\n  a: {timeout: 1}\n  a: {timeout: 2}\n",
		"a text for a number":       "functions:\n  a: {timeout: long}\n",
		"something that is no YAML": "functions: [",
		"nothing":                   "",
	} {
		if _, err := manifest.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), "manifest") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
