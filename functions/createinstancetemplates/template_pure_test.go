package createinstancetemplates

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

func TestTemplateOf(t *testing.T) {
	least := fleet.TemplateSpec{Project: "my-project", ImageName: "debian-12", MachineType: "e2-small", ServiceAccounts: []fleet.ServiceAccount{{Name: "m@example.com"}}}
	full := fleet.TemplateSpec{
		Project: "my-project", ImageName: "family/debian-12", ImageProject: "debian-cloud", DiskSizeGB: 100, DiskType: "pd-ssd",
		ServiceAccounts: []fleet.ServiceAccount{{Name: "m@example.com", Scopes: []string{"s1", "s2"}}, {Name: "n@example.com"}},
		Tags:            []string{"web"}, Metadata: map[string]string{"k": "v"}, MachineType: "n2-standard-4",
		Network: "projects/net/global/networks/other", ExternalIP: true, MinCPUPlatform: "Intel Ice Lake",
	}
	owned := map[string]string{"gce-backend": "blue"}
	for _, c := range []struct {
		name     string
		spec     fleet.TemplateSpec
		snapshot string
		want     compute.Template
	}{
		{"the least", least, "", compute.Template{
			Project: "my-project", Labels: owned, MachineType: "e2-small",
			Boot:    compute.Disk{SourceImage: "projects/my-project/global/images/debian-12", Type: "pd-standard"},
			Network: "projects/my-project/global/networks/default", Accounts: []compute.Account{{Email: "m@example.com"}},
		}},
		{"all", full, "", compute.Template{
			Project: "my-project", Labels: owned, MachineType: "n2-standard-4", MinCPU: "Intel Ice Lake",
			Boot:    compute.Disk{SourceImage: "projects/debian-cloud/global/images/family/debian-12", Type: "pd-ssd", SizeGB: 100},
			Network: "projects/net/global/networks/other", ExternalIP: true, Metadata: map[string]string{"k": "v"}, Tags: []string{"web"},
			Accounts: []compute.Account{{Email: "m@example.com", Scopes: []string{"s1", "s2"}}, {Email: "n@example.com"}},
		}},
		{"with a disk from a snapshot", least, "url/snapshots/s", compute.Template{
			Project: "my-project", Labels: owned, MachineType: "e2-small",
			Boot:    compute.Disk{SourceImage: "projects/my-project/global/images/debian-12", Type: "pd-standard"},
			Extra:   []compute.Disk{{DeviceName: "disk", SourceSnapshot: "url/snapshots/s", Type: "pd-standard"}},
			Network: "projects/my-project/global/networks/default", Accounts: []compute.Account{{Email: "m@example.com"}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := fleet.Revision{BaseName: "linux", ID: c.spec.RevisionID(), Spec: c.spec}
			c.want.Name = "linux-" + r.ID
			if got := templateOf(r, c.snapshot, "blue"); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// The existing template is adopted only if it is ours and the same.
func TestAdoptable(t *testing.T) {
	spec := fleet.TemplateSpec{Project: "p", ImageName: "i", MachineType: "e2-small", Metadata: map[string]string{"k": "secret-word"}}
	r := fleet.Revision{BaseName: "linux", ID: spec.RevisionID(), Spec: spec}
	want := templateOf(r, "", "blue")
	for _, c := range []struct {
		name   string
		change func(*compute.Template)
		says   string
	}{
		{"ours and the same", func(*compute.Template) {}, ""},
		{"ours, with labels more and as Compute Engine answers", func(h *compute.Template) {
			h.Labels = map[string]string{"gce-backend": "blue", "team": "x"}
			h.URL, h.Network = "u", "https://www.googleapis.com/compute/v1/"+h.Network
		}, ""},
		{"without our label", func(h *compute.Template) { h.Labels = nil }, "not ours"},
		{"of another deployment", func(h *compute.Template) { h.Labels = map[string]string{"gce-backend": "green"} }, "not ours"},
		{"with another machine type", func(h *compute.Template) { h.MachineType = "e2-medium" }, "machine type"},
		{"with other metadata", func(h *compute.Template) { h.Metadata = map[string]string{"k": "x"} }, "metadata"},
	} {
		have := want
		c.change(&have)
		_, err := adoptable(have, r, []string{""}, "blue")
		if (err != nil) != (c.says != "") {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret-word") || failure.ClassOf(err) != failure.Permanent) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A template whose creation was not seen to end may have been made with a
// snapshot that is not the newest any more.
func TestAdoptableWithAnOlderSnapshot(t *testing.T) {
	spec := fleet.TemplateSpec{Project: "p", ImageName: "i", MachineType: "e2-small", SnapshotName: "s"}
	r := fleet.Revision{BaseName: "linux", ID: spec.RevisionID(), Spec: spec}
	found := []string{"newest", "older", "oldest"}
	for _, made := range found {
		if snapshot, err := adoptable(templateOf(r, made, "blue"), r, found, "blue"); err != nil || snapshot != made {
			t.Errorf("made with %s: adopted with %q, %v", made, snapshot, err)
		}
	}
	_, err := adoptable(templateOf(r, "another", "blue"), r, found, "blue")
	if err == nil || !strings.Contains(err.Error(), "second disk") {
		t.Errorf("made with a snapshot that is not among them: %v", err)
	}
}
