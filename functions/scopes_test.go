package functions_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// The scopes that each job accepts, besides everything. A job that is not named
// here accepts templates, revisions and managers.
var (
	scopeless  = []string{"import-config", "reclaim-machines"}
	zoneless   = []string{"process-config", "create-instance-templates", "delete-instance-templates", "cleanup-entities"}
	ofInstance = []string{"update-cataloged-instances"}
)

// Each field is tested alone and together with others, with and without a
// value. A message with a field that a job cannot use is malformed, and never
// becomes a sweep over everything.
func TestScopesOfAllFields(t *testing.T) {
	fields := []struct{ name, value, empty string }{
		{"baseName", `"linux"`, `""`}, {"revision", `"0123456789ab"`, `null`}, {"zone", `"us-east1-b"`, `""`},
		{"instances", `["vm:1"]`, `[]`}, {"reclaimed", `true`, `false`}, {"hostnames", `["vm"]`, `[]`},
	}
	total := 1
	for range fields {
		total *= 3
	}
	for _, each := range functions.Jobs() {
		t.Run(each.Name, func(t *testing.T) {
			for n := range total {
				var written []string
				set := map[string]bool{}
				for rest, i := n, 0; i < len(fields); rest, i = rest/3, i+1 {
					switch f := fields[i]; rest % 3 {
					case 1:
						written = append(written, fmt.Sprintf("%q:%s", f.name, f.empty))
					case 2:
						written = append(written, fmt.Sprintf("%q: %s", f.name, f.value))
						set[f.name] = true
					}
				}
				payload := "{" + strings.Join(written, ", ") + "}"
				pool := set["baseName"] || set["revision"] || set["zone"]
				usable := len(written) == 0
				switch {
				case strings.Contains(payload, "hostnames"), slices.Contains(scopeless, each.Name):
				case slices.Contains(ofInstance, each.Name):
					usable = usable || set["instances"] && !pool
				case set["instances"]:
				case slices.Contains(zoneless, each.Name):
					usable = usable || set["baseName"]
				default:
					usable = usable || pool
				}
				scope, err := each.Scope(event.Message{Topic: each.Name, Data: []byte(payload)})
				if (err == nil) != usable || scope.Sweep() != (err != nil || len(written) == 0) {
					t.Errorf("%s: %+v, %v; usable: %t", payload, scope, err, usable)
				}
			}
		})
	}
}
