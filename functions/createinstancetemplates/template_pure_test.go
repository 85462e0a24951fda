package createinstancetemplates

import (
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

var blue = compute.Owner{Project: "home", Deployment: "blue"}

// The existing template is adopted only if it is ours and the same.
func TestAdoptable(t *testing.T) {
	spec := fleet.TemplateSpec{Project: "p", ImageName: "i", MachineType: "e2-small", Metadata: map[string]string{"k": "secret-word"}}
	for _, c := range []struct {
		name   string
		change func(*compute.Template)
		says   string
	}{
		{"ours and the same", func(*compute.Template) {}, ""},
		{"ours, with labels more and as Compute Engine answers", func(h *compute.Template) {
			h.Properties.Labels = map[string]string{"gce-backend": "home--blue", "team": "x"}
			network := h.Properties.NetworkInterfaces[0].Network
			h.URL, *network = "u", "https://www.googleapis.com/compute/v1/"+*network
		}, ""},
		{"without our label", func(h *compute.Template) { h.Properties.Labels = nil }, "not ours"},
		{"of an earlier version", func(h *compute.Template) { h.Properties.Labels = map[string]string{"gce-backend": "blue"} }, ""},
		{"of another project", func(h *compute.Template) { h.Properties.Labels = map[string]string{"gce-backend": "away--blue"} }, "not ours"},
		{"of another deployment", func(h *compute.Template) { h.Properties.Labels = map[string]string{"gce-backend": "home--green"} }, "not ours"},
		{"with another machine type", func(h *compute.Template) { *h.Properties.MachineType = "e2-medium" }, "machine type"},
		{"with other metadata", func(h *compute.Template) { *h.Properties.Metadata.Items[0].Value = "x" }, "metadata"},
	} {
		have := compute.Template{Properties: compute.Properties(spec, "", blue.Label())}
		c.change(&have)
		_, err := adoptable(have, spec, []string{""}, blue)
		if (err != nil) != (c.says != "") {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret-word") || failure.ClassOf(err) != failure.Permanent) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A template whose creation was not seen to end may have been created with a
// snapshot that is no longer the newest.
func TestAdoptableWithAnOlderSnapshot(t *testing.T) {
	spec := fleet.TemplateSpec{Project: "p", ImageName: "i", MachineType: "e2-small", SnapshotName: "s"}
	found := []string{"newest", "older", "oldest"}
	madeWith := func(snapshot string) compute.Template {
		return compute.Template{Properties: compute.Properties(spec, snapshot, blue.Label())}
	}
	for _, made := range found {
		if snapshot, err := adoptable(madeWith(made), spec, found, blue); err != nil || snapshot != made {
			t.Errorf("made with %s: adopted with %q, %v", made, snapshot, err)
		}
	}
	_, err := adoptable(madeWith("another"), spec, found, blue)
	if err == nil || !strings.Contains(err.Error(), "second disk") {
		t.Errorf("made with a snapshot that is not among them: %v", err)
	}
}
