package config

import (
	"strings"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

var (
	// rfc1035 is the pattern of a name, without its length.
	rfc1035 = lazily(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)
	// projectID matches a project's id; older ids have a domain in front.
	projectID = lazily(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$`)
	// zoneName matches a region with a letter. The suffix of an AI zone is
	// longer, as in us-central1-ai1a.
	zoneName = lazily(`^[a-z]+(-[a-z]+)+[0-9]+-([a-z]|ai[0-9]+[a-z])$`)
	email    = lazily(`^[A-Za-z0-9._%+'-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`)
)

// someRevision is as long as every revision.
var someRevision = strings.Repeat("0", fleet.RevisionLength)

// maxBaseName is the length of the longest base name for which the names of
// templates and groups are short enough.
var maxBaseName = fleet.MaxNameLength - len(fleet.TemplateName("", someRevision))

// Compute Engine adds hostnameSuffix to the base instance name, and
// snapshotDiskSuffix to the hostname for the disk of a snapshot.
const (
	hostnameSuffix     = len("-abcd")
	snapshotDiskSuffix = len("-disk")
)

// checkDerivedNames reports templates whose base names are too long for one of
// their zones: once per template, for the zone whose limit is lowest.
func checkDerivedNames(templates *source, config Config) {
	longest := map[string]string{} // zone by template
	for _, manager := range config.Managers.GetManagers() {
		name, zone := manager.GetTemplateBaseName(), manager.GetZone()
		if zoneName().MatchString(zone) && len(zone) > len(longest[name]) {
			longest[name] = zone
		}
	}
	for i, template := range config.Templates.GetTemplates() {
		name := template.GetBaseName()
		reason, limit := "the base instance name of a group", fleet.MaxBaseInstanceNameLength
		if template.GetSnapshotName() != "" || len(template.GetSnapshotLabels()) > 0 {
			reason += " whose VMs get a disk from a snapshot"
			limit = min(limit, fleet.MaxNameLength-hostnameSuffix-snapshotDiskSuffix)
		}
		zone := longest[name]
		most := limit - len(fleet.BaseInstanceName("", someRevision, zone))
		if zone == "" || len(name) <= most || len(name) > maxBaseName {
			continue
		}
		templates.errorf(elementPath("templates", i)+".base_name",
			"%q has %d characters; in the zone %s it may have %d, as <base_name>-<8 of the revision>-%s, %s, may have %d",
			name, len(name), zone, most, zone, reason, limit)
	}
}
