package simulator

import "strings"

// reference is the target of a URL.
type reference struct {
	project, zone, collection, name string
}

// parseReference reads URLs of any host and version, partial ones such as
// zones/Z/instances/N or global/instanceTemplates/N, and names. Missing parts stay
// empty.
func parseReference(url string) (reference, bool) {
	if i := strings.Index(url, "/projects/"); i >= 0 {
		url = url[i+1:]
	}
	parts := strings.Split(strings.Trim(url, "/"), "/")
	var ref reference
	if len(parts) > 2 && parts[0] == "projects" {
		ref.project, parts = parts[1], parts[2:]
	}
	switch {
	case len(parts) == 1:
		ref.name = parts[0]
	case len(parts) == 2:
		ref.collection, ref.name = parts[0], parts[1]
	case len(parts) == 3 && parts[0] == "global":
		ref.collection, ref.name = parts[1], parts[2]
	case len(parts) == 4 && (parts[0] == "zones" || parts[0] == "regions"):
		ref.zone, ref.collection, ref.name = parts[1], parts[2], parts[3]
	default:
		return ref, false
	}
	return ref, ref.name != ""
}

func lastSegment(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
