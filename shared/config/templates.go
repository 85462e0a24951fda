package config

import (
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/config/machinetype"
	"github.com/gce-backend/gce-backend/shared/config/spelling"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// diskTypes are Compute Engine's, after
// https://cloud.google.com/compute/docs/disks; those marked false cannot boot
// a VM.
var diskTypes = []struct {
	name  string
	boots bool
}{
	{"pd-standard", true},
	{"pd-balanced", true},
	{"pd-ssd", true},
	{"pd-extreme", true},
	{"hyperdisk-balanced", true},
	{"hyperdisk-balanced-high-availability", true},
	{"hyperdisk-extreme", true},
	{"hyperdisk-ml", false},
	{"hyperdisk-throughput", false},
	{"local-ssd", false},
}

// cpuPlatforms are those that a minimum can be asked for, after
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

func checkTemplates(s *source, config Config) {
	firsts := map[string]int{}
	for i, template := range config.Templates.GetTemplates() {
		path := elementPath("templates", i)
		name := template.GetBaseName()
		if first, ok := firsts[name]; ok && name != "" {
			at := s.position(elementPath("templates", first) + ".base_name")
			s.errorf(path+".base_name", "%q is the name of the template in line %d already; a base name must be unique", name, at.line)
		} else {
			firsts[name] = i
		}
		checkBaseName(s, path+".base_name", name)
		checkProjects(s, path, template)
		checkMachine(s, path, template)
		checkServiceAccounts(s, path, template)
		checkTags(s, path, template)
		checkPairs(s, path, template)
	}
}

func checkBaseName(s *source, path, name string) {
	switch {
	case name == "":
		s.errorf(path, "missing")
	case len(name) > maxBaseName:
		s.errorf(path, "%q has %d characters; it may have %d, as <base_name>-<revision>, the name of templates and groups, may have %d",
			name, len(name), maxBaseName, fleet.MaxNameLength)
	case !rfc1035().MatchString(name):
		s.errorf(path, "%q is not a name by RFC 1035: lower-case letters, digits and hyphens, a letter first, no hyphen last%s", name, nameHint(name, validName))
	}
}

func checkProjects(s *source, path string, template *configpb.InstanceTemplate) {
	const rule = "6 to 30 lower-case letters, digits and hyphens, a letter first, no hyphen last"
	if template.GetProject() == "" {
		s.errorf(path+".project", "missing")
	} else if !projectID().MatchString(template.GetProject()) {
		s.errorf(path+".project", "%q is not a project id: %s%s", template.GetProject(), rule, nameHint(template.GetProject(), projectID().MatchString))
	}
	if image := template.GetImageProject(); image != "" && !projectID().MatchString(image) {
		s.errorf(path+".image_project", "%q is not a project id: %s%s", image, rule, nameHint(image, projectID().MatchString))
	}
}

func checkMachine(s *source, path string, template *configpb.InstanceTemplate) {
	if template.GetMachineType() == "" {
		s.errorf(path+".machine_type", "missing")
	} else if _, err := machinetype.Parse(template.GetMachineType()); err != nil {
		s.errorf(path+".machine_type", "%v", err)
	}
	switch image := template.GetImageName(); {
	case image == "":
		s.errorf(path+".image_name", "missing")
	case !validName(strings.TrimPrefix(image, "family/")):
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
	if name == "" {
		return
	}
	var names []string
	for _, known := range diskTypes {
		if known.name == name {
			if !known.boots {
				s.warnf(path, "a disk of type %s cannot boot a VM", name)
			}
			return
		}
		names = append(names, known.name)
	}
	s.errorf(path, "unknown disk type %q%s", name, hint(name, names, "the types are"))
}

func checkServiceAccounts(s *source, path string, template *configpb.InstanceTemplate) {
	if len(template.GetServiceAccounts()) == 0 {
		s.errorf(path+".service_accounts", "missing; at least one is needed")
	}
	for i, account := range template.GetServiceAccounts() {
		path := elementPath(path+".service_accounts", i)
		switch name := account.GetName(); {
		case name == "":
			s.errorf(path+".name", "missing")
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

// validName reports whether a name is one by RFC 1035 that is not too long.
func validName(name string) bool {
	return len(name) <= fleet.MaxNameLength && rfc1035().MatchString(name)
}
