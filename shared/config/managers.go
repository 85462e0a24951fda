package config

import (
	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

func checkManagers(s *source, managers *configpb.InstanceGroupManagerConfig, templates *templateNames) {
	seen := map[string]string{}
	for i, manager := range managers.GetManagers() {
		path := elementPath("managers", i)
		name, zone := manager.GetTemplateBaseName(), manager.GetZone()
		if s.given(path+".template_base_name", name) {
			if wrong := templates.unknown(name, ", so this manager is skipped"); wrong != "" {
				s.report(Warning, path+".template_base_name", wrong)
			}
		}
		if s.given(path+".zone", zone) && !zoneName().MatchString(zone) {
			s.errorf(path+".zone", "%q is not a zone, such as us-central1-a%s", zone, zoneHint(zone))
		}
		if line := s.earlier(seen, name+"/"+zone, path); line > 0 && name != "" && zone != "" {
			s.errorf(path+".zone", "the template %q has a manager in %s already, in line %d", name, zone, line)
		}
		checkSizes(s, path, manager)
	}
}

// zoneHint returns the hint for an unknown zone, which may be a region or
// misspelt.
func zoneHint(name string) string {
	if zoneName().MatchString(name + "-a") {
		return "; it is a region, whose zones end with a letter"
	}
	return nameHint(name, zoneName().MatchString)
}

func checkSizes(s *source, path string, manager *configpb.InstanceGroupManager) {
	minimum, maximum := manager.GetMinimumSize(), manager.GetMaximumSize()
	switch {
	case minimum < 0:
		s.errorf(path+".minimum_size", "%d is negative; the minimum is 0 to maximum_size", minimum)
	case minimum > fleet.GroupLimit:
		s.errorf(path+".minimum_size", "%d is more than %d, the most that an instance group holds", minimum, fleet.GroupLimit)
	}
	switch {
	case maximum < 0:
		s.errorf(path+".maximum_size", "%d is negative; the maximum is minimum_size to %d", maximum, fleet.GroupLimit)
	case maximum > fleet.GroupLimit:
		s.errorf(path+".maximum_size", "%d is more than %d, the most that an instance group holds", maximum, fleet.GroupLimit)
	case minimum > maximum && minimum <= fleet.GroupLimit:
		s.errorf(path+".maximum_size", "%d is less than minimum_size, which is %d", maximum, minimum)
	}
}
