package config

import (
	"strings"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// maxGroupSize is the number of VMs that a managed instance group may hold.
const maxGroupSize = fleet.GroupLimit

func checkManagers(s *source, managers *configpb.InstanceGroupManagerConfig, templates *templateNames) {
	firsts := map[[2]string]string{}
	for i, manager := range managers.GetManagers() {
		path := elementPath("managers", i)
		name, zone := manager.GetTemplateBaseName(), manager.GetZone()
		switch {
		case name == "":
			s.errorf(path+".template_base_name", "missing")
		case templates.missing(name):
			s.warnf(path+".template_base_name", "there is no template %q, so this manager is skipped%s", name, templates.hint(name))
		}
		switch {
		case zone == "":
			s.errorf(path+".zone", "missing")
		case !zoneName().MatchString(zone):
			s.errorf(path+".zone", "%q is not a zone, such as us-central1-a%s", zone, zoneHint(zone))
		}
		if first, ok := firsts[[2]string{name, zone}]; ok && name != "" && zone != "" {
			s.errorf(path+".zone", "the template %q has a manager in %s already, in line %d", name, zone, s.position(first).line)
		} else {
			firsts[[2]string{name, zone}] = path
		}
		checkSizes(s, path, manager)
	}
}

// zoneHint tells a region from a misspelt zone.
func zoneHint(name string) string {
	if zoneName().MatchString(name + "-a") {
		return "; it is a region, whose zones end with a letter"
	}
	if lower := strings.ReplaceAll(strings.ToLower(name), "_", "-"); zoneName().MatchString(lower) {
		return "; did you mean \"" + lower + "\"?"
	}
	return ""
}

func checkSizes(s *source, path string, manager *configpb.InstanceGroupManager) {
	minimum, maximum := manager.GetMinimumSize(), manager.GetMaximumSize()
	switch {
	case minimum < 0:
		s.errorf(path+".minimum_size", "%d is negative; the minimum is 0 to maximum_size", minimum)
	case minimum > maxGroupSize:
		s.errorf(path+".minimum_size", "%d is more than %d, the most that an instance group holds", minimum, maxGroupSize)
	}
	switch {
	case maximum < 0:
		s.errorf(path+".maximum_size", "%d is negative; the maximum is minimum_size to %d", maximum, maxGroupSize)
	case maximum > maxGroupSize:
		s.errorf(path+".maximum_size", "%d is more than %d, the most that an instance group holds", maximum, maxGroupSize)
	case minimum > maximum && minimum <= maxGroupSize:
		s.errorf(path+".maximum_size", "%d is less than minimum_size, which is %d", maximum, minimum)
	}
}
