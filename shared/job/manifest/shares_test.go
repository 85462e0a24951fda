package manifest_test

import (
	"os"
	"testing"

	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

// requests is the default of Terraform's compute_requests_per_minute, after
// Compute Engine's limit per project and group of methods.
const requests = 1500

// Each instance keeps a limit of its own, so all instances together must stay
// within the project's limit; terraform/functions.tf divides it in the same
// way.
func TestTheRequestsAreSharedSensibly(t *testing.T) {
	text, err := os.ReadFile("../../../functions/functions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := manifest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	shares := map[string]int{}
	sum := 0
	for name, f := range parsed.Functions {
		if len(f.Compute) == 0 {
			if f.ComputeShare != 0 {
				t.Errorf("%s asks nothing of Compute Engine and has a share", name)
			}
			continue
		}
		shares[name] = max(f.ComputeShare, 1)
		sum += shares[name]
	}
	all := 0
	for name, share := range shares {
		instances := parsed.Functions[name].MaxInstances
		each := requests * share / sum / instances
		all += each * instances
		// One instance alone lists 100 groups of 1,000 VMs, two pages each, in
		// a minute.
		if name == "fetch-instances" && each < 200 {
			t.Errorf("an instance of %s may send only %d requests a minute", name, each)
		}
		if each < 10 {
			t.Errorf("an instance of %s may send only %d requests a minute", name, each)
		}
	}
	if all > requests {
		t.Errorf("all instances together may send %d requests a minute; the limit is %d", all, requests)
	}
}
