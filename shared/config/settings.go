package config

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// backendNames are the names of backends in the Machine Provider's API.
var backendNames = []string{"GCE", "DUMMY", "VSPHERE"}

const (
	hour = 60 * 60
	day  = 24 * hour
)

func checkSettings(s *source, settings *configpb.SettingsCfg, templates *templateNames) {
	checkServer(s, settings.GetMpServer())
	checkMembers(s, "catalog_administrators", settings.GetCatalogAdministrators())
	checkBackends(s, settings.GetBackends())
	checkMembers(s, "lessees", settings.GetLessees())
	checkMembers(s, "catalog_viewers", settings.GetCatalogViewers())
	for i, name := range settings.GetFreeze() {
		if wrong := templates.unknown(name, " to freeze"); wrong != "" && name != "*" { // "*" means every template
			s.report(Warning, elementPath("freeze", i), wrong)
		}
	}
	checkRange(s, "reclaim_brake_percent", settings.GetReclaimBrakePercent(), 0, 100)
	checkRange(s, "reclaim_brake_minimum", settings.GetReclaimBrakeMinimum(), 0, fleet.GroupLimit)
	checkRange(s, "lease_request_timeout_seconds", settings.GetLeaseRequestTimeoutSeconds(), 1, 30*day)
	checkRange(s, "lease_retention_seconds", settings.GetLeaseRetentionSeconds(), hour, 365*day)
}

func checkRange(s *source, path string, given, least, most int32) {
	if given < least || given > most {
		s.errorf(path, "%d is out of range: %d to %d", given, least, most)
	}
}

func checkServer(s *source, server string) {
	if server == "" {
		return
	}
	parsed, err := url.Parse(server)
	switch {
	case err != nil || parsed.Host == "" || !(parsed.Scheme == "https" || parsed.Scheme == "http" && parsed.Hostname() == "localhost"):
		hint := ""
		if rest, ok := strings.CutPrefix(server, "http://"); ok {
			hint = didYouMean("https://" + rest)
		} else if !strings.Contains(server, ":") {
			hint = didYouMean("https://" + server)
		}
		s.errorf("mp_server", "%q must begin with https:// or http://localhost%s", server, hint)
	case parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil:
		s.errorf("mp_server", "%q must be a server's address, without user, query or fragment", parsed.Redacted())
	}
}

func checkMembers(s *source, path string, members []string) {
	for i, member := range members {
		if !email().MatchString(member) {
			s.errorf(elementPath(path, i), "%q is not the e-mail of a person or service account%s", member, memberHint(member))
		}
	}
}

// memberHint returns a hint for a member with the prefix that IAM writes before
// an e-mail address.
func memberHint(member string) string {
	if _, address, ok := strings.Cut(member, ":"); ok && email().MatchString(address) {
		return didYouMean(address)
	}
	return ""
}

func checkBackends(s *source, backends []*configpb.Backend) {
	names, members := map[string]bool{}, map[string]string{}
	for i, backend := range backends {
		path := elementPath("backends", i)
		name := backend.GetName()
		switch {
		case !s.given(path+".name", name):
		case !slices.Contains(backendNames, name):
			s.errorf(path+".name", "unknown backend %q%s", name, hint(name, backendNames, "the backends are"))
		case names[name]:
			s.errorf(path+".name", "the backend %s is given twice", name)
		}
		names[name] = true
		checkMembers(s, path+".members", backend.GetMembers())
		for j, member := range backend.GetMembers() {
			if other, ok := members[member]; ok && other != name {
				s.errorf(elementPath(path+".members", j), "%q is a member of the backend %s already; calls do not name their backend, so it can be one only", member, other)
			}
			members[member] = name
		}
	}
}
