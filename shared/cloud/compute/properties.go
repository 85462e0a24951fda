package compute

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

const (
	defaultDiskType = "pd-standard"
	// snapshotDevice is the device name of the second disk on the VM. The
	// disk's own name is the VM's name with this suffix, <hostname>-disk.
	snapshotDevice = "disk"
)

// Properties returns a template as Compute Engine's message, which is sent to
// create an instance template and compared with existing ones. snapshot is the
// URL of the snapshot for the second disk; if it is empty there is no second
// disk. label is the owner's. Lists are in a fixed order, so that a repeated
// request has the same body.
func Properties(spec fleet.TemplateSpec, snapshot, label string) *computepb.InstanceProperties {
	network := &computepb.NetworkInterface{}
	if url := cmp.Or(spec.Network, fmt.Sprintf("projects/%s/global/networks/default", spec.Project)); strings.Contains(url, "/subnetworks/") {
		network.Subnetwork = &url // Compute Engine rejects its URL as a network, and infers the network
	} else {
		network.Network = &url
	}
	if spec.ExternalIP {
		network.AccessConfigs = []*computepb.AccessConfig{{
			Name: proto.String("External NAT"),
			Type: proto.String(computepb.AccessConfig_ONE_TO_ONE_NAT.String()),
		}}
	}
	properties := &computepb.InstanceProperties{
		Labels:            map[string]string{OwnershipLabel: label},
		MachineType:       optional(spec.MachineType),
		MinCpuPlatform:    optional(spec.MinCPUPlatform),
		NetworkInterfaces: []*computepb.NetworkInterface{network},
		Disks: []*computepb.AttachedDisk{disk(spec, "", &computepb.AttachedDiskInitializeParams{
			// The name may be family/NAME.
			SourceImage: proto.String(fmt.Sprintf("projects/%s/global/images/%s", cmp.Or(spec.ImageProject, spec.Project), spec.ImageName)),
			DiskSizeGb:  optional(int64(spec.DiskSizeGB)),
		})},
	}
	if snapshot != "" {
		properties.Disks = append(properties.Disks, disk(spec, snapshotDevice, &computepb.AttachedDiskInitializeParams{SourceSnapshot: &snapshot}))
	}
	if len(spec.Metadata) > 0 {
		properties.Metadata = &computepb.Metadata{}
		for _, key := range slices.Sorted(maps.Keys(spec.Metadata)) {
			properties.Metadata.Items = append(properties.Metadata.Items, &computepb.Items{Key: &key, Value: proto.String(spec.Metadata[key])})
		}
	}
	if len(spec.Tags) > 0 {
		properties.Tags = &computepb.Tags{Items: spec.Tags}
	}
	for _, account := range spec.ServiceAccounts {
		properties.ServiceAccounts = append(properties.ServiceAccounts, &computepb.ServiceAccount{Email: optional(account.Name), Scopes: account.Scopes})
	}
	return properties
}

// disk returns a disk that is created and deleted with the VM. Without a device
// name it is the boot disk.
func disk(spec fleet.TemplateSpec, device string, params *computepb.AttachedDiskInitializeParams) *computepb.AttachedDisk {
	params.DiskType = proto.String(cmp.Or(spec.DiskType, defaultDiskType))
	return &computepb.AttachedDisk{
		Boot:             proto.Bool(device == ""),
		AutoDelete:       proto.Bool(true),
		DeviceName:       optional(device),
		Mode:             proto.String(computepb.AttachedDisk_READ_WRITE.String()),
		Type:             proto.String(computepb.AttachedDisk_PERSISTENT.String()),
		InitializeParams: params,
	}
}

func optional[T comparable](value T) *T {
	if value == *new(T) {
		return nil
	}
	return &value
}

// Snapshot returns the snapshot for the second disk of the template's VMs,
// without the host; empty if they have no second disk.
func (t Template) Snapshot() string {
	for _, disk := range t.Properties.GetDisks() {
		if url := disk.GetInitializeParams().GetSourceSnapshot(); url != "" && !disk.GetBoot() {
			return withoutHost(url)
		}
	}
	return ""
}

// withoutHost makes URLs of resources comparable: the API returns them with one
// of several hosts, no matter which one was sent.
func withoutHost(url string) string {
	if strings.Contains(url, "://") {
		if i := strings.Index(url, "/projects/"); i >= 0 {
			return url[i+1:]
		}
	}
	return url
}
