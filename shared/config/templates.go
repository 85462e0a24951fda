package config

import (
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/config/machinetype"
	"github.com/gce-backend/gce-backend/shared/config/spelling"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// bootDisks and otherDisks are Compute Engine's types of disks, after
// https://cloud.google.com/compute/docs/disks; only those of bootDisks can boot a
// VM.
var (
	bootDisks = []string{
		"pd-standard", "pd-balanced", "pd-ssd", "pd-extreme", "hyperdisk-balanced", "hyperdisk-balanced-high-availability", "hyperdisk-extreme",
	}
	otherDisks = []string{"hyperdisk-ml", "hyperdisk-throughput", "local-ssd"}
)

// cpuPlatforms are the known values of min_cpu_platform, after
// https://cloud.google.com/compute/docs/cpu-platforms.
var cpuPlatforms = []string{
	"Intel Sandy Bridge", "Intel Ivy Bridge", "Intel Haswell", "Intel Broadwell", "Intel Skylake",
	"Intel Cascade Lake", "Intel Ice Lake", "Intel Sapphire Rapids", "Intel Emerald Rapids", "Intel Granite Rapids",
	"AMD Rome", "AMD Milan", "AMD Genoa", "AMD Turin", "Ampere Altra", "Google Axion", "NVIDIA Grace",
}

const (
	maxDiskSizeGB = 65536
	maxTags       = 64
)

func checkTemplates(s *source, config *configpb.InstanceTemplateConfig, read func(string) ([]byte, error)) {
	seen := map[string]string{}
	for i, template := range config.GetTemplates() {
		path := elementPath("templates", i)
		checkBaseName(s, path+".base_name", template.GetBaseName(), seen)
		s.given(path+".project", template.GetProject())
		checkProject(s, path+".project", template.GetProject())
		checkProject(s, path+".image_project", template.GetImageProject())
		checkMachine(s, path, template)
		checkServiceAccounts(s, path, template)
		checkTags(s, path, template)
		checkPairs(s, path, template, read)
	}
}

func checkBaseName(s *source, path, name string, seen map[string]string) {
	if !s.given(path, name) {
		return
	}
	if line := s.earlier(seen, name, path); line > 0 {
		s.errorf(path, "%q is the name of the template in line %d already; a base name must be unique", name, line)
	}
	if len(name) > maxBaseName {
		s.errorf(path, "%q has %d characters; it may have %d, as <base_name>-<revision>, the name of templates and groups, may have %d",
			name, len(name), maxBaseName, fleet.MaxNameLength)
	} else if !rfc1035().MatchString(name) {
		s.errorf(path, "%q is not a name by RFC 1035: lower-case letters, digits and hyphens, a letter first, no hyphen last%s", name, nameHint(name, validName))
	}
}

func checkProject(s *source, path, id string) {
	if id != "" && !projectID().MatchString(id) {
		s.errorf(path, "%q is not a project id: 6 to 30 lower-case letters, digits and hyphens, a letter first, no hyphen last%s",
			id, nameHint(id, projectID().MatchString))
	}
}

func checkMachine(s *source, path string, template *configpb.InstanceTemplate) {
	if s.given(path+".machine_type", template.GetMachineType()) {
		if _, err := machinetype.Parse(template.GetMachineType()); err != nil {
			s.errorf(path+".machine_type", "%v", err)
		}
	}
	if image := template.GetImageName(); s.given(path+".image_name", image) && !validName(strings.TrimPrefix(image, "family/")) {
		s.warnf(path+".image_name", "%q is neither the name of an image nor family/NAME; its project belongs into image_project%s", image, imageHint(image))
	}
	if size := template.GetDiskSizeGb(); size < 0 || size > maxDiskSizeGB {
		s.errorf(path+".disk_size_gb", "%d is out of range: 1 to %d, or 0 for the size of the image", size, maxDiskSizeGB)
	}
	checkDiskType(s, path+".disk_type", template.GetDiskType())
	if platform := template.GetMinCpuPlatform(); platform != "" && !slices.Contains(cpuPlatforms, platform) {
		s.warnf(path+".min_cpu_platform", "unknown CPU platform %q%s", platform, spelling.DidYouMean(platform, cpuPlatforms))
	}
	if network := template.GetNetworkUrl(); network != "" && !strings.Contains(network, "networks/") {
		s.warnf(path+".network_url", "%q is not the URL of a network or subnetwork, such as projects/PROJECT/global/networks/NAME", network)
	}
	if snapshot := template.GetSnapshotName(); snapshot != "" && !validName(snapshot) {
		s.warnf(path+".snapshot_name", "%q cannot be the name of a snapshot", snapshot)
	}
}

func checkDiskType(s *source, path, name string) {
	switch {
	case name == "" || slices.Contains(bootDisks, name):
	case slices.Contains(otherDisks, name):
		s.warnf(path, "a disk of type %s cannot boot a VM", name)
	default:
		s.errorf(path, "unknown disk type %q%s", name, hint(name, slices.Concat(bootDisks, otherDisks), "the types are"))
	}
}

func checkServiceAccounts(s *source, path string, template *configpb.InstanceTemplate) {
	if len(template.GetServiceAccounts()) == 0 {
		s.errorf(path+".service_accounts", "missing; at least one is needed")
	}
	for i, account := range template.GetServiceAccounts() {
		path := elementPath(path+".service_accounts", i)
		switch name := account.GetName(); {
		case !s.given(path+".name", name):
		case name == "default" && i == 0:
			s.warnf(path+".name", "the Machine Provider recognizes machines by their service account's e-mail, not by %q", name)
		case name != "default" && !email().MatchString(name):
			s.warnf(path+".name", "%q is not the e-mail of a service account", name)
		}
		for j, scope := range account.GetScopes() {
			if !strings.HasPrefix(scope, "https://") {
				s.warnf(elementPath(path+".scopes", j), "%q is not a scope; did you mean \"https://www.googleapis.com/auth/%s\"?", scope, scope)
			}
		}
	}
}

func checkTags(s *source, path string, template *configpb.InstanceTemplate) {
	seen := map[string]bool{}
	for i, tag := range template.GetTags() {
		element := elementPath(path+".tags", i)
		switch {
		case !validName(tag):
			s.errorf(element, "%q is not a tag: at most %d lower-case letters, digits and hyphens, a letter first, no hyphen last%s", tag, fleet.MaxNameLength, nameHint(tag, validName))
		case seen[tag]:
			s.errorf(element, "the tag %q is given twice", tag)
		case i == maxTags:
			s.errorf(element, "there are %d tags; a VM may have %d", len(template.GetTags()), maxTags)
		}
		seen[tag] = true
	}
}

// validName reports whether a name conforms to RFC 1035 and is not too long.
func validName(name string) bool {
	return len(name) <= fleet.MaxNameLength && rfc1035().MatchString(name)
}
