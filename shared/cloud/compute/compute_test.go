package compute

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
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

func full() fleet.TemplateSpec {
	return fleet.TemplateSpec{
		Project: "p", MachineType: "e2-small", MinCPUPlatform: "Intel Ice Lake",
		ImageProject: "debian-cloud", ImageName: "debian-12", DiskType: "pd-ssd", DiskSizeGB: 50,
		Network: "projects/p/global/networks/builders", ExternalIP: true,
		Metadata: map[string]string{"k": "v"}, Tags: []string{"a", "b"},
		ServiceAccounts: []fleet.ServiceAccount{{Name: "machine@example.com", Scopes: []string{"s1", "s2"}}, {Name: "logs@example.com"}},
	}
}

func properties() *computepb.InstanceProperties {
	return Properties(full(), "https://compute.googleapis.com/compute/v1/projects/p/global/snapshots/s", "blue")
}

type difference struct {
	want   string
	change func(*computepb.InstanceProperties)
}

func changed(want string, change func(*computepb.InstanceProperties)) difference {
	return difference{want, change}
}

func TestDifferentField(t *testing.T) {
	type p = computepb.InstanceProperties
	const v1 = "https://www.googleapis.com/compute/v1/"
	boot := func(a *p) *computepb.AttachedDiskInitializeParams { return a.Disks[0].InitializeParams }
	second := func(a *p) *computepb.AttachedDiskInitializeParams { return a.Disks[1].InitializeParams }
	for name, c := range map[string]difference{
		"the same":                     changed("", func(*p) {}),
		"URLs for paths":               changed("", func(a *p) { *a.NetworkInterfaces[0].Network = v1 + *a.NetworkInterfaces[0].Network }),
		"the image as URL":             changed("", func(a *p) { *boot(a).SourceImage = v1 + *boot(a).SourceImage }),
		"the snapshot as path":         changed("", func(a *p) { *second(a).SourceSnapshot = "projects/p/global/snapshots/s" }),
		"the snapshot by another host": changed("", func(a *p) { *second(a).SourceSnapshot = v1 + "projects/p/global/snapshots/s" }),
		"types as URLs":                changed("", func(a *p) { *a.MachineType, *boot(a).DiskType = "zones/z/machineTypes/e2-small", "x/diskTypes/pd-ssd" }),
		"tags in another order":        changed("", func(a *p) { a.Tags.Items = []string{"b", "a"} }),
		"scopes in another order":      changed("", func(a *p) { a.ServiceAccounts[0].Scopes = []string{"s2", "s1"} }),
		"metadata in another order":    changed("", func(a *p) { slices.Reverse(a.Metadata.Items) }),
		"the boot disk last":           changed("", func(a *p) { slices.Reverse(a.Disks) }),
		"no size":                      changed("", func(a *p) { boot(a).DiskSizeGb = nil }),
		"labels are not compared":      changed("", func(a *p) { a.Labels = map[string]string{"x": "y"} }),
		"defaults of the service": changed("", func(a *p) {
			a.CanIpForward, a.Scheduling = proto.Bool(false), &computepb.Scheduling{AutomaticRestart: proto.Bool(true)}
			a.Metadata.Kind, a.Disks[0].Index, a.NetworkInterfaces[0].Name = proto.String("compute#metadata"), proto.Int32(0), proto.String("nic0")
		}),

		"machine type":           changed("machine type", func(a *p) { *a.MachineType = "e2-medium" }),
		"minimum CPU platform":   changed("minimum CPU platform", func(a *p) { a.MinCpuPlatform = nil }),
		"image":                  changed("boot disk", func(a *p) { *boot(a).SourceImage = "projects/debian-cloud/global/images/debian-11" }),
		"image of another":       changed("boot disk", func(a *p) { *boot(a).SourceImage = "projects/other/global/images/debian-12" }),
		"an image by its suffix": changed("boot disk", func(a *p) { *boot(a).SourceImage = "x" + *boot(a).SourceImage }),
		"size":                   changed("boot disk", func(a *p) { *boot(a).DiskSizeGb = 51 }),
		"disk type":              changed("boot disk", func(a *p) { *boot(a).DiskType = "pd-standard" }),
		"no boot disk":           changed("boot disk", func(a *p) { a.Disks = a.Disks[1:] }),
		"another snapshot":       changed("second disk", func(a *p) { *second(a).SourceSnapshot = "projects/p/global/snapshots/t" }),
		"no second disk":         changed("second disk", func(a *p) { a.Disks = a.Disks[:1] }),
		"network":                changed("network", func(a *p) { *a.NetworkInterfaces[0].Network = "projects/p/global/networks/other" }),
		"no network":             changed("network", func(a *p) { a.NetworkInterfaces = nil }),
		"address":                changed("external address", func(a *p) { a.NetworkInterfaces[0].AccessConfigs = nil }),
		"metadata's value":       changed("metadata", func(a *p) { a.Metadata.Items[0].Value = proto.String("w") }),
		"more metadata": changed("metadata", func(a *p) {
			a.Metadata.Items = append(a.Metadata.Items, &computepb.Items{Key: proto.String("l"), Value: proto.String("")})
		}),
		"a tag":            changed("tags", func(a *p) { a.Tags.Items = []string{"a"} }),
		"account":          changed("service accounts", func(a *p) { *a.ServiceAccounts[0].Email = "x@example.com" }),
		"accounts swapped": changed("service accounts", func(a *p) { slices.Reverse(a.ServiceAccounts) }),
		"a scope":          changed("service accounts", func(a *p) { a.ServiceAccounts[1].Scopes = []string{"s"} }),
	} {
		t.Run(name, func(t *testing.T) {
			have := properties()
			c.change(have)
			if got := DifferentField(have, properties()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := DifferentField(properties(), have); got != c.want {
				t.Errorf("the other way round: %q, want %q", got, c.want)
			}
		})
	}
}

// elsewhere lists the fields that do not affect a VM: lessees choose by them,
// or they find a snapshot before the template is made.
var elsewhere = []string{"Dimensions", "SnapshotName", "SnapshotLabels"}

// A field that is added later must reach Compute Engine, and must be compared.
func TestEveryFieldReachesComputeEngine(t *testing.T) {
	fields := reflect.TypeFor[fleet.TemplateSpec]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		spec := full()
		switch field := reflect.ValueOf(&spec).Elem().Field(i); name {
		case "Project": // the image and the network use it if they name no project
			spec.Project, spec.Network = "q", ""
		case "DiskSizeGB":
			spec.DiskSizeGB++
		default:
			field.SetZero()
		}
		changed := Properties(spec, "https://compute.googleapis.com/compute/v1/projects/p/global/snapshots/s", "blue")
		same, compared := proto.Equal(changed, properties()), DifferentField(changed, properties()) != ""
		if want := slices.Contains(elsewhere, name); same != want || compared == want {
			t.Errorf("%s: the same is sent: %v; the difference is seen: %v", name, same, compared)
		}
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
		{"STOPPING", "DELETING", false, false}, // requested by the suite
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

// A subnetwork is not a network: Compute Engine refuses its URL as one. Compute
// Engine may fill in the field that is not sent.
func TestSubnetwork(t *testing.T) {
	const subnetwork = "projects/net-host/regions/us-central1/subnetworks/builders"
	want := Properties(fleet.TemplateSpec{Project: "p", Network: subnetwork}, "", "blue")
	if sent := want.NetworkInterfaces[0]; sent.Network != nil || sent.GetSubnetwork() != subnetwork {
		t.Errorf("sent: %v", sent)
	}
	have := Properties(fleet.TemplateSpec{Project: "p", Network: "https://www.googleapis.com/compute/v1/" + subnetwork}, "", "blue")
	have.NetworkInterfaces[0].Network = proto.String("projects/net-host/global/networks/shared")
	if field := DifferentField(have, want); field != "" {
		t.Errorf("different in %s", field)
	}
	have.NetworkInterfaces[0].Subnetwork = proto.String("projects/net-host/regions/us-central1/subnetworks/others")
	if field := DifferentField(have, want); field != "subnetwork" {
		t.Errorf("different in %q", field)
	}
	network := Properties(fleet.TemplateSpec{Project: "p"}, "", "blue")
	filled := Properties(fleet.TemplateSpec{Project: "p"}, "", "blue")
	filled.NetworkInterfaces[0].Subnetwork = proto.String("projects/p/regions/us-central1/subnetworks/default")
	if field := DifferentField(filled, network); field != "" {
		t.Errorf("different in %s", field)
	}
}
