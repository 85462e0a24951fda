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
	// snapshotDevice names the second disk on the VM: with the VM's name before
	// it, it is the disk's own name, <hostname>-disk.
	snapshotDevice = "disk"
)

// Properties makes Compute Engine's message of a template: it is what is sent,
// and what an existing instance template is compared with. The second disk is
// made from the snapshot, a URL; there is none where it is empty. The label is
// the owner's. Lists come in one order, so that a repeated request has the same
// body.
func Properties(spec fleet.TemplateSpec, snapshot, label string) *computepb.InstanceProperties {
	network := &computepb.NetworkInterface{}
	if url := cmp.Or(spec.Network, fmt.Sprintf("projects/%s/global/networks/default", spec.Project)); strings.Contains(url, "/subnetworks/") {
		network.Subnetwork = &url // Compute Engine takes it for no network, and knows the subnetwork's own
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

// disk makes a disk that is made with the VM and deleted with it: the boot disk
// where no device is named.
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

// Snapshot is the snapshot that the template's VMs get their second disk from,
// without the host; empty where they get none.
func (t Template) Snapshot() string {
	for _, disk := range t.Properties.GetDisks() {
		if url := disk.GetInitializeParams().GetSourceSnapshot(); url != "" && !disk.GetBoot() {
			return withoutHost(url)
		}
	}
	return ""
}

// withoutHost makes a resource's URL comparable: the API returns URLs with one of
// several hosts, whichever form was sent.
func withoutHost(url string) string {
	if strings.Contains(url, "://") {
		if i := strings.Index(url, "/projects/"); i >= 0 {
			return url[i+1:]
		}
	}
	return url
}
