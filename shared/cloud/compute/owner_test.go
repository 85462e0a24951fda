package compute

import (
	"strings"
	"testing"
)

func TestOwner(t *testing.T) {
	owner := Owner{Project: "my-fleet", Deployment: "gce-backend"}
	for _, c := range []struct {
		name                         string
		labels                       map[string]string
		owns, mayOwn, adopts, andVMs bool
	}{
		{name: "none"},
		{name: "its own", labels: map[string]string{"gce-backend": "my-fleet--gce-backend", "team": "x"}, owns: true, adopts: true, andVMs: true},
		{name: "of an earlier version", labels: map[string]string{"gce-backend": "gce-backend"}, mayOwn: true, adopts: true},
		{name: "of another project", labels: map[string]string{"gce-backend": "their-fleet--gce-backend"}},
		{name: "of another deployment", labels: map[string]string{"gce-backend": "my-fleet--blue"}},
		{name: "of another deployment, of an earlier version", labels: map[string]string{"gce-backend": "blue"}},
	} {
		if owns, mayOwn := owner.Owns(c.labels), owner.MayOwn(c.labels); owns != c.owns || mayOwn != c.mayOwn {
			t.Errorf("%s: owns %v, may own %v", c.name, owns, mayOwn)
		}
		if adopts, andVMs := owner.Adopts(c.labels, 0), owner.Adopts(c.labels, 3); adopts != c.adopts || andVMs != c.andVMs {
			t.Errorf("%s: adopts %v, with VMs %v", c.name, adopts, andVMs)
		}
	}
	longest := Owner{Project: strings.Repeat("p", 30), Deployment: strings.Repeat("d", 30)}
	if n := len(longest.Label()); n > 63 {
		t.Errorf("the longest label has %d characters, Compute Engine takes 63", n)
	}
}
