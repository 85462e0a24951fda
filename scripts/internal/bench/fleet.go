package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Fleet is a configuration: groups of one size.
type Fleet struct{ Groups, Size int }

// VMs returns the total number of VMs.
func (f Fleet) VMs() int { return f.Groups * f.Size }

func (f Fleet) String() string {
	return fmt.Sprintf("%s VMs in %d groups", count(f.VMs()), f.Groups)
}

// zones are the zones that a template gets groups in, in this order.
var zones = []string{
	"us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f", "us-east1-b",
	"us-east1-c", "us-east1-d", "us-west1-a", "us-west1-b", "us-west1-c",
}

const settings = `catalog_administrators: "admin@example.com"
backends { name: "GCE" members: "backend@example.com" }
lessees: "lessee@example.com"
`

// write writes the configuration of the fleet into a folder. It writes the
// managers last, because a configuration that refers to a missing template is
// refused.
func (f Fleet) write(folder string) error {
	var templates, managers strings.Builder
	for i := range f.Groups {
		base, zone := fmt.Sprintf("pool-%d", i/len(zones)), zones[i%len(zones)]
		if i%len(zones) == 0 {
			fmt.Fprintf(&templates, `templates { base_name: %q project: "local-project" machine_type: "e2-standard-4" image_name: "debian-12" dimensions: "os_family:LINUX"
  service_accounts { name: "builder@local-project.iam.gserviceaccount.com" scopes: "https://www.googleapis.com/auth/cloud-platform" } }
`, base)
		}
		fmt.Fprintf(&managers, "managers { template_base_name: %q zone: %q minimum_size: %d maximum_size: 1000 }\n", base, zone, f.Size)
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "settings.cfg"), []byte(settings), 0o600),
		os.WriteFile(filepath.Join(folder, "templates.cfg"), []byte(templates.String()), 0o600),
		os.WriteFile(filepath.Join(folder, "managers.cfg"), []byte(managers.String()), 0o600),
	)
}
