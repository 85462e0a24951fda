package compute

import (
	"maps"
	"path"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// DifferentField names the first field in which a template differs from another
// one, among those that Properties sets; empty if they are the same. Compute
// Engine returns URLs in place of paths, lists in its own order, and defaults
// in the other fields.
func DifferentField(have, want *computepb.InstanceProperties) string {
	switch {
	case path.Base(have.GetMachineType()) != path.Base(want.GetMachineType()):
		return "machine type"
	case have.GetMinCpuPlatform() != want.GetMinCpuPlatform():
		return "minimum CPU platform"
	case !slices.EqualFunc(disks(have, true), disks(want, true), sameDisk):
		return "boot disk"
	case !slices.EqualFunc(disks(have, false), disks(want, false), sameDisk):
		return "second disk"
	// Only one of the two is sent; Compute Engine may fill in the other.
	case network(want).GetSubnetwork() == "" && !samePath(network(have).GetNetwork(), network(want).GetNetwork()):
		return "network"
	case network(want).GetSubnetwork() != "" && !samePath(network(have).GetSubnetwork(), network(want).GetSubnetwork()):
		return "subnetwork"
	case (len(network(have).GetAccessConfigs()) > 0) != (len(network(want).GetAccessConfigs()) > 0):
		return "external address"
	case !maps.Equal(metadata(have), metadata(want)):
		return "metadata"
	case !sameSet(have.GetTags().GetItems(), want.GetTags().GetItems()):
		return "tags"
	case !slices.EqualFunc(have.GetServiceAccounts(), want.GetServiceAccounts(), sameAccount):
		return "service accounts"
	}
	return ""
}

// disks returns the boot disks, or the other disks.
func disks(p *computepb.InstanceProperties, boot bool) []*computepb.AttachedDisk {
	return slices.DeleteFunc(slices.Clone(p.GetDisks()), func(d *computepb.AttachedDisk) bool { return d.GetBoot() != boot })
}

func sameDisk(have, want *computepb.AttachedDisk) bool {
	a, b := have.GetInitializeParams(), want.GetInitializeParams()
	return samePath(a.GetSourceImage(), b.GetSourceImage()) && samePath(a.GetSourceSnapshot(), b.GetSourceSnapshot()) &&
		path.Base(a.GetDiskType()) == path.Base(b.GetDiskType()) &&
		(a.GetDiskSizeGb() == b.GetDiskSizeGb() || a.GetDiskSizeGb() == 0 || b.GetDiskSizeGb() == 0)
}

// network returns the first network interface, nil if there is none.
func network(p *computepb.InstanceProperties) *computepb.NetworkInterface {
	for _, first := range p.GetNetworkInterfaces() {
		return first
	}
	return nil
}

func metadata(p *computepb.InstanceProperties) map[string]string {
	values := map[string]string{}
	for _, item := range p.GetMetadata().GetItems() {
		values[item.GetKey()] = item.GetValue()
	}
	return values
}

func sameAccount(a, b *computepb.ServiceAccount) bool {
	return a.GetEmail() == b.GetEmail() && sameSet(a.GetScopes(), b.GetScopes())
}

// samePath reports whether two resources, each a URL or a path, are the same.
func samePath(a, b string) bool {
	a, b = withoutHost(a), withoutHost(b)
	return a == b || a != "" && b != "" && (strings.HasSuffix(a, "/"+b) || strings.HasSuffix(b, "/"+a))
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
