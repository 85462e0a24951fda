package terraform

import (
	"maps"
	"slices"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/environment"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
)

// Every variable that the code reads is set somewhere, and none that it does not.
func TestEnvironment(t *testing.T) {
	p, m := planned(t), functions(t)
	set := map[string]bool{}
	for _, f := range p.of("google_cloudfunctions2_function") {
		known, _ := at(f.Change.After, "service_config.environment_variables").(map[string]any)
		unknown, _ := at(f.Change.Unknown, "service_config.environment_variables").(map[string]any)
		names := map[string]bool{}
		for name := range known {
			names[name] = true
		}
		for name := range unknown {
			names[name] = true
		}
		maps.Copy(set, names)
		for _, name := range []string{"PROJECT", "FIRESTORE_DATABASE", "DEPLOYMENT", "COMPUTE_REQUESTS_PER_MINUTE"} {
			if !names[name] {
				t.Errorf("%s is not told %s", f.text("name"), name)
			}
		}
		entry := m.Functions[f.text("name")]
		if names["MACHINE_PROVIDER_URL"] != entry.MachineProvider {
			t.Errorf("%s is told MACHINE_PROVIDER_URL: %v", f.text("name"), names["MACHINE_PROVIDER_URL"])
		}
		// Who serves HTTP must know for what address tokens are.
		if names["FUNCTION_URL"] != entry.HTTP() || names["INVOKERS_CHECKED"] != entry.HTTP() {
			t.Errorf("%s is told FUNCTION_URL: %v, INVOKERS_CHECKED: %v", f.text("name"), names["FUNCTION_URL"], names["INVOKERS_CHECKED"])
		}
		if names["CONFIG_SOURCE"] != slices.Contains(entry.Environment, "CONFIG_SOURCE") {
			t.Errorf("%s is told CONFIG_SOURCE: %v", f.text("name"), names["CONFIG_SOURCE"])
		}
	}
	got, want := slices.Sorted(maps.Keys(set)), environment.Names()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("set are\n%q, the code reads\n%q", got, want)
	}
}

// Terraform and the code have one default database; the commands take theirs
// from the code.
func TestDefaultDatabase(t *testing.T) {
	for _, database := range planned(t).of("google_firestore_database") {
		if got := database.text("name"); got != firestore.DefaultDatabase {
			t.Errorf("Terraform makes the database %s, the code opens %s", got, firestore.DefaultDatabase)
		}
	}
}
