package compute

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

func TestOperationErrorClasses(t *testing.T) {
	for code, want := range map[string]failure.Class{
		"ZONE_RESOURCE_POOL_EXHAUSTED":              failure.Transient,
		"ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS": failure.Transient,
		"INTERNAL_ERROR":                            failure.Transient,
		"":                                          failure.Transient,
		"QUOTA_EXCEEDED":                            failure.Quota,
		"RATE_LIMIT_EXCEEDED":                       failure.Quota,
		"RESOURCE_NOT_FOUND":                        failure.NotFound,
		"RESOURCE_ALREADY_EXISTS":                   failure.Conflict,
		"RESOURCE_IN_USE_BY_ANOTHER_RESOURCE":       failure.Conflict,
		"INVALID_FIELD_VALUE":                       failure.Permanent,
		"PERMISSIONS_ERROR":                         failure.Permanent,
	} {
		err := fmt.Errorf("x: %w", NewOperationError("instanceTemplates.insert", "linux-1", code, "the text"))
		if got := failure.ClassOf(err); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
		var operation *OperationError
		if !errors.As(err, &operation) || operation.Code != code {
			t.Errorf("%s: the operation's error is lost: %v", code, err)
		}
		for _, part := range []string{"instanceTemplates.insert", "linux-1", code, "the text"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
	}
}

func template() Template {
	return Template{
		Project: "p", Name: "linux-1", MachineType: "e2-small", MinCPU: "Intel Ice Lake",
		Boot:    Disk{SourceImage: "projects/debian-cloud/global/images/debian-12", Type: "pd-ssd", SizeGB: 50},
		Extra:   []Disk{{DeviceName: "disk", SourceSnapshot: "https://compute.googleapis.com/compute/v1/projects/p/global/snapshots/s", Type: "pd-ssd"}},
		Network: "projects/p/global/networks/default", ExternalIP: true,
		Metadata: map[string]string{"k": "v"}, Tags: []string{"a", "b"},
		Accounts: []Account{{Email: "machine@example.com", Scopes: []string{"s1", "s2"}}, {Email: "logs@example.com"}},
	}
}

type difference struct {
	want   string
	change func(*Template)
}

func changed(want string, change func(*Template)) difference { return difference{want, change} }

func TestDifferentField(t *testing.T) {
	for name, c := range map[string]difference{
		"the same":                changed("", func(*Template) {}),
		"URLs for paths":          changed("", func(a *Template) { a.Network = "https://www.googleapis.com/compute/v1/" + a.Network }),
		"the image as URL":        changed("", func(a *Template) { a.Boot.SourceImage = "https://www.googleapis.com/compute/v1/" + a.Boot.SourceImage }),
		"the snapshot as path":    changed("", func(a *Template) { a.Extra[0].SourceSnapshot = "projects/p/global/snapshots/s" }),
		"types as URLs":           changed("", func(a *Template) { a.MachineType, a.Boot.Type = "zones/z/machineTypes/e2-small", "x/diskTypes/pd-ssd" }),
		"tags in another order":   changed("", func(a *Template) { a.Tags = []string{"b", "a"} }),
		"scopes in another order": changed("", func(a *Template) { a.Accounts[0].Scopes = []string{"s2", "s1"} }),
		"no size":                 changed("", func(a *Template) { a.Boot.SizeGB = 0 }),
		"labels are not compared": changed("", func(a *Template) { a.Labels = map[string]string{"x": "y"} }),

		"machine type":           changed("machine type", func(a *Template) { a.MachineType = "e2-medium" }),
		"minimum CPU platform":   changed("minimum CPU platform", func(a *Template) { a.MinCPU = "" }),
		"image":                  changed("boot disk", func(a *Template) { a.Boot.SourceImage = "projects/debian-cloud/global/images/debian-11" }),
		"image of another":       changed("boot disk", func(a *Template) { a.Boot.SourceImage = "projects/other/global/images/debian-12" }),
		"an image by its suffix": changed("boot disk", func(a *Template) { a.Boot.SourceImage = "x" + a.Boot.SourceImage }),
		"size":                   changed("boot disk", func(a *Template) { a.Boot.SizeGB = 51 }),
		"disk type":              changed("boot disk", func(a *Template) { a.Boot.Type = "pd-standard" }),
		"another snapshot":       changed("second disk", func(a *Template) { a.Extra[0].SourceSnapshot = "projects/p/global/snapshots/t" }),
		"no second disk":         changed("second disk", func(a *Template) { a.Extra = nil }),
		"network":                changed("network", func(a *Template) { a.Network = "projects/p/global/networks/other" }),
		"no network":             changed("network", func(a *Template) { a.Network = "" }),
		"address":                changed("external address", func(a *Template) { a.ExternalIP = false }),
		"metadata's value":       changed("metadata", func(a *Template) { a.Metadata = map[string]string{"k": "w"} }),
		"more metadata":          changed("metadata", func(a *Template) { a.Metadata = map[string]string{"k": "v", "l": ""} }),
		"a tag":                  changed("tags", func(a *Template) { a.Tags = []string{"a"} }),
		"account":                changed("service accounts", func(a *Template) { a.Accounts[0].Email = "x@example.com" }),
		"accounts swapped":       changed("service accounts", func(a *Template) { a.Accounts[0], a.Accounts[1] = a.Accounts[1], a.Accounts[0] }),
		"a scope":                changed("service accounts", func(a *Template) { a.Accounts[1].Scopes = []string{"s"} }),
	} {
		t.Run(name, func(t *testing.T) {
			have := template()
			c.change(&have)
			if got := DifferentField(have, template()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := DifferentField(template(), have); got != c.want {
				t.Errorf("the other way round: %q, want %q", got, c.want)
			}
		})
	}
}

func TestVMStates(t *testing.T) {
	for _, c := range []struct {
		status, action   string
		running, stopped bool
	}{
		{"", "CREATING", false, false},
		{"PROVISIONING", "CREATING", false, false},
		{"STAGING", "CREATING", false, false},
		{"RUNNING", "CREATING", false, false},
		{"RUNNING", "NONE", true, false},
		{"RUNNING", "VERIFYING", true, false},
		{"RUNNING", "DELETING", false, false},
		{"RUNNING", "ABANDONING", false, false},
		{"RUNNING", "RECREATING", false, false},
		{"STOPPING", "NONE", false, true},
		{"STOPPING", "DELETING", false, false}, // somebody here asked for it
		{"STOPPED", "NONE", false, true},
		{"TERMINATED", "NONE", false, true},
		{"SUSPENDING", "NONE", false, true},
		{"SUSPENDED", "NONE", false, true},
		{"REPAIRING", "NONE", false, false},
	} {
		vm := VM{Status: c.status, Action: c.action}
		if vm.Running() != c.running || vm.Stopped() != c.stopped {
			t.Errorf("%s, %s: running %v, stopped %v", c.status, c.action, vm.Running(), vm.Stopped())
		}
	}
}

func TestActionsTotal(t *testing.T) {
	if got := (Actions{None: 1, Creating: 2, Deleting: 4, Abandoning: 8, Other: 16}).Total(); got != 31 {
		t.Errorf("%d", got)
	}
}
