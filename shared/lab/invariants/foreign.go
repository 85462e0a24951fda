package invariants

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// Foreign begins the names of foreign resources: those in Compute Engine that
// are not ours.
const Foreign = "foreign"

// What is not ours: a template and a group with names like ours, and the label
// of an installation in another project.
const (
	ForeignName      = Foreign + "-000000000000"
	ForeignTemplates = 1
	ForeignVMs       = 2
	foreignLabels    = `{"` + compute.OwnershipLabel + `":"another-project--gce-backend"}`
)

// IsForeign reports whether a request concerns a foreign resource.
func IsForeign(r *http.Request) bool { return strings.Contains(r.URL.Path, "/"+Foreign) }

// MakeForeign returns the paths and the bodies of the requests that make the
// foreign resources. Their VMs have names like those of the given pool's VMs.
func MakeForeign(like fleet.PoolKey) [][2]string {
	return [][2]string{
		{"global/instanceTemplates", fmt.Sprintf(`{"name":%q,"properties":{"machineType":"e2-small","labels":%s,
"disks":[{"boot":true,"autoDelete":true,"initializeParams":{"sourceImage":"projects/debian-cloud/global/images/family/debian-12"}}],
"networkInterfaces":[{"network":"global/networks/default"}]}}`, ForeignName, foreignLabels)},
		{"zones/" + like.Zone + "/instanceGroupManagers", fmt.Sprintf(
			`{"name":%q,"baseInstanceName":"%s-00000000-%s","instanceTemplate":"global/instanceTemplates/%s","targetSize":%d,
"allInstancesConfig":{"properties":{"labels":%s}}}`, ForeignName, like.BaseName, like.Zone, ForeignName, ForeignVMs, foreignLabels)},
	}
}

// Ask sends a request to Compute Engine that comes from no job.
func Ask(ctx context.Context, cloud *simulator.Cloud, project, method, path, body string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://compute.invalid/compute/v1/projects/"+project+"/"+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	response, err := cloud.Transport().RoundTrip(r)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
