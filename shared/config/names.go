package config

import (
	"strings"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

var (
	// rfc1035 is the form of a name, without its length.
	rfc1035 = lazily(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)
	// projectID is a project's id; older ones have a domain in front.
	projectID = lazily(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$`)
	// zoneName has a region and a letter; AI zones have more, as
	// us-central1-ai1a.
	zoneName = lazily(`^[a-z]+(-[a-z]+)+[0-9]+-([a-z]|ai[0-9]+[a-z])$`)
	email    = lazily(`^[A-Za-z0-9._%+'-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`)
)

// someRevision is as long as any.
var someRevision = strings.Repeat("0", fleet.RevisionLength)

// maxBaseName is the longest base name that the names of templates and groups
// leave room for.
var maxBaseName = fleet.MaxNameLength - len(fleet.TemplateName("", someRevision))

// Compute Engine adds hostnameSuffix to the base instance name, and
// snapshotDiskSuffix to the hostname for the disk of a snapshot.
const (
	hostnameSuffix     = len("-abcd")
	snapshotDiskSuffix = len("-disk")
)

// maxBaseNameIn returns the longest base name that the names of VMs in a zone,
// and of their disks from a snapshot, leave room for.
func maxBaseNameIn(zone string, snapshot bool) (most, instanceNames int) {
	instanceNames = fleet.MaxBaseInstanceNameLength
	if snapshot {
		instanceNames = min(instanceNames, fleet.MaxNameLength-hostnameSuffix-snapshotDiskSuffix)
	}
	return instanceNames - len(fleet.BaseInstanceName("", someRevision, zone)), instanceNames
}

// checkDerivedNames reports templates whose base names are too long for one of
// their zones: once per template, for the zone that leaves the least room.
func checkDerivedNames(templates, managers *source, config Config) {
	if !managers.parsed {
		return
	}
	zones := map[string][]string{} // by template
	for _, manager := range config.Managers.GetManagers() {
		if zoneName().MatchString(manager.GetZone()) {
			zones[manager.GetTemplateBaseName()] = append(zones[manager.GetTemplateBaseName()], manager.GetZone())
		}
	}
	for i, template := range config.Templates.GetTemplates() {
		path := elementPath("templates", i) + ".base_name"
		name, snapshot := template.GetBaseName(), wantsSnapshot(template)
		zone, most, instanceNames := tightestZone(zones[name], snapshot)
		if zone == "" || len(name) <= most || len(name) > maxBaseName {
			continue
		}
		reason := "the base instance name of a group"
		if snapshot {
			reason += " whose VMs get a disk from a snapshot"
		}
		templates.errorf(path, "%q has %d characters; in the zone %s it may have %d, as <base_name>-<8 of the revision>-%s, %s, may have %d",
			name, len(name), zone, most, zone, reason, instanceNames)
	}
}

// tightestZone returns the zone that leaves a template's base name the least room.
func tightestZone(zones []string, snapshot bool) (zone string, most, instanceNames int) {
	for _, candidate := range zones {
		if here, names := maxBaseNameIn(candidate, snapshot); zone == "" || here < most {
			zone, most, instanceNames = candidate, here, names
		}
	}
	return zone, most, instanceNames
}

func wantsSnapshot(template *configpb.InstanceTemplate) bool {
	return template.GetSnapshotName() != "" || len(template.GetSnapshotLabels()) > 0
}
