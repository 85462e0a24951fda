package createinstancegroupmanagers

import (
	"context"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/job"
)

// idle has no operations.
type idle struct{ compute.Engine }

func (idle) Pending(context.Context, compute.GroupRef) (string, error) { return "", nil }

// An existing group is adopted only if it is ours, and one of an earlier version
// only while it is empty.
func TestAdoptable(t *testing.T) {
	run := job.Run{Dependencies: job.Dependencies{Compute: idle{}, Project: "home", Deployment: "blue"}}
	for _, c := range []struct {
		name  string
		label string
		size  int
		ours  bool
	}{
		{"ours", "home--blue", 0, true},
		{"ours, with VMs", "home--blue", 3, true},
		{"of an earlier version", "blue", 0, true},
		{"of an earlier version, with VMs", "blue", 3, false},
		{"of another project", "away--blue", 0, false},
		{"of another deployment", "home--green", 0, false},
		{"of nobody", "", 0, false},
	} {
		have := compute.Group{Labels: map[string]string{compute.OwnershipLabel: c.label}, TargetSize: c.size, TemplateURL: "u/linux-1"}
		err := adoptable(t.Context(), run, have, "projects/p/global/instanceTemplates/linux-1")
		if (err == nil) != c.ours || err != nil && !failure.Is(err, failure.Permanent) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
