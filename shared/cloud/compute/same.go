package compute

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// DifferentField names the first field in which two templates differ in what
// the suite sets; empty where they are the same. Compute Engine answers URLs
// where paths were given, and its own order of lists.
func DifferentField(have, want Template) string {
	switch {
	case path.Base(have.MachineType) != path.Base(want.MachineType):
		return "machine type"
	case have.MinCPU != want.MinCPU:
		return "minimum CPU platform"
	case !sameDisk(have.Boot, want.Boot):
		return "boot disk"
	case !slices.EqualFunc(have.Extra, want.Extra, sameDisk):
		return "second disk"
	case !samePath(have.Network, want.Network):
		return "network"
	case have.ExternalIP != want.ExternalIP:
		return "external address"
	case !maps.Equal(have.Metadata, want.Metadata):
		return "metadata"
	case !sameSet(have.Tags, want.Tags):
		return "tags"
	case !slices.EqualFunc(have.Accounts, want.Accounts, sameAccount):
		return "service accounts"
	}
	return ""
}

func sameDisk(a, b Disk) bool {
	return samePath(a.SourceImage, b.SourceImage) && samePath(a.SourceSnapshot, b.SourceSnapshot) &&
		path.Base(a.Type) == path.Base(b.Type) && (a.SizeGB == b.SizeGB || a.SizeGB == 0 || b.SizeGB == 0)
}

func sameAccount(a, b Account) bool { return a.Email == b.Email && sameSet(a.Scopes, b.Scopes) }

// samePath compares two resources, each a URL or a path.
func samePath(a, b string) bool {
	return a == b || a != "" && b != "" && (strings.HasSuffix(a, "/"+b) || strings.HasSuffix(b, "/"+a))
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
