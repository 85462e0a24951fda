package environment

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// only sets these variables and unsets all others that the code reads.
func only(t *testing.T, set map[string]string) {
	t.Helper()
	for _, name := range append(Names(), undeployed...) {
		t.Setenv(name, "") // so that it is restored
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range set {
		t.Setenv(name, value)
	}
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name string
		set  map[string]string
		want Environment
	}{
		{"the least", map[string]string{"PROJECT": "p"},
			Environment{Project: "p", Deployment: "gce-backend", ComputeRequests: 1500}},
		{"all", map[string]string{"PROJECT": "p", "FIRESTORE_DATABASE": "d", "DEPLOYMENT": "x", "COMPUTE_REQUESTS_PER_MINUTE": "7",
			"CONFIG_SOURCE": "gs://b", "MACHINE_PROVIDER_URL": "https://m", "FUNCTION_URL": "https://f", "INVOKERS_CHECKED": "true", "COMPUTE_ENDPOINT": "http://c", "DEVELOPMENT_IDENTITIES": "true", "K_SERVICE": "s"},
			Environment{Project: "p", Database: "d", Deployment: "x", ComputeRequests: 7, ConfigSource: "gs://b", MachineProvider: "https://m", URL: "https://f", InvokersChecked: true,
				ComputeEndpoint: "http://c", DevelopmentIdentities: true, Service: "s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			only(t, c.set)
			got, err := Read(t.Context())
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestReadRefusesWhatIsNoValue(t *testing.T) {
	for name, value := range map[string]string{"COMPUTE_REQUESTS_PER_MINUTE": "many", "DEVELOPMENT_IDENTITIES": "perhaps"} {
		t.Run(name, func(t *testing.T) {
			only(t, map[string]string{"PROJECT": "p", name: value})
			if _, err := Read(t.Context()); err == nil || !strings.Contains(err.Error(), "environment") {
				t.Errorf("%v", err)
			}
		})
	}
}

// Each variable is set by the deployment, by the platform, or locally.
func TestEachVariableHasOneOrigin(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) || len(names) == 0 {
		t.Errorf("%v", names)
	}
	all := append(slices.Clone(names), undeployed...)
	slices.Sort(all)
	if slices.ContainsFunc(all, func(name string) bool { return name == "" }) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("%v", all)
	}
	fields := reflect.TypeFor[Environment]()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("env"), ",")
		if !slices.Contains(all, name) {
			t.Errorf("%s is read and has no origin", name)
		}
	}
}
