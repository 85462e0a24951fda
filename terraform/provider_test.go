package terraform

import (
	"slices"
	"testing"
)

// Calls with a person's credentials count for the project: some APIs, that of
// the database's rules among them, refuse them otherwise.
func TestCallsCountForTheProject(t *testing.T) {
	provider := check(t).configuration.Providers["google"].Expressions
	if provider["user_project_override"].Constant != true {
		t.Error("the provider does not name the project that calls count for")
	}
	if !slices.Contains(provider["billing_project"].References, "var.project") {
		t.Errorf("calls count for %q", provider["billing_project"].References)
	}
}

// What is enabled or granted is waited for, and Pub/Sub's service agent asked
// for.
func TestWaits(t *testing.T) {
	waits := map[string]bool{}
	for _, resource := range check(t).configuration.Root.Resources {
		for _, provisioner := range resource.Provisioners {
			waits[resource.Address] = slices.Contains(provisioner.Expressions["command"].References, "var.settle_seconds")
		}
	}
	for _, address := range []string{"terraform_data.apis", "terraform_data.build_grants", "terraform_data.grants", "terraform_data.pubsub_agent"} {
		if !waits[address] {
			t.Errorf("%s does not wait", address)
		}
	}
}
