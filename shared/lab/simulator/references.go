package simulator

import (
	"slices"
	"strings"
)

// reference is the target of a URL.
type reference struct {
	project, zone, region, collection, name string
}

// parseReference parses URLs with any host and version, partial URLs such as
// zones/Z/instances/N or global/instanceTemplates/N, and names. Missing parts
// stay empty. An image family has the collection "images/family".
func parseReference(url string) (reference, bool) {
	if i := strings.Index(url, "/projects/"); i >= 0 {
		url = url[i+1:]
	}
	parts := strings.Split(strings.Trim(url, "/"), "/")
	var ref reference
	if len(parts) > 2 && parts[0] == "projects" {
		ref.project, parts = parts[1], parts[2:]
	}
	switch n := len(parts); {
	case n == 1:
		ref.name = parts[0]
	case n == 2:
		ref.collection, ref.name = parts[0], parts[1]
	case n == 3 && parts[0] == "global":
		ref.collection, ref.name = parts[1], parts[2]
	case n == 4 && parts[0] == "global" && parts[1] == "images" && parts[2] == "family":
		ref.collection, ref.name = "images/family", parts[3]
	case n == 4 && parts[0] == "zones":
		ref.zone, ref.collection, ref.name = parts[1], parts[2], parts[3]
	case n == 4 && parts[0] == "regions":
		ref.region, ref.collection, ref.name = parts[1], parts[2], parts[3]
	default:
		return ref, false
	}
	return ref, ref.name != ""
}

// link returns the full URL of a reference.
func (r reference) link() string {
	scope := "global"
	switch {
	case r.zone != "":
		scope = "zones/" + r.zone
	case r.region != "":
		scope = "regions/" + r.region
	}
	return linkPrefix + "projects/" + r.project + "/" + scope + "/" + r.collection + "/" + r.name
}

// resolve parses the URL in a field of a body. It must be in one of the
// collections; a URL without a project is in p. The messages are the service's:
// github.com/hashicorp/terraform issue 22083 (a name is no URL) and
// terraform-provider-google issue 5252 (another collection).
func (p *project) resolve(field, url string, collections ...string) (reference, error) {
	ref, ok := parseReference(url)
	switch {
	case !ok || ref.collection == "":
		return ref, invalidField(field, url, "The URL is malformed.")
	case !slices.Contains(collections, ref.collection):
		return ref, invalidField(field, url, "Unexpected resource collection '"+ref.collection+"'.")
	case ref.project == "":
		ref.project = p.id
	}
	return ref, nil
}

// referenceMissing is the error for a reference to a missing resource, as in
// terraform-provider-google issue 2140.
func referenceMissing(field, url, kind string) error {
	return invalidField(field, url, "The referenced "+kind+" resource cannot be found.")
}

// fullLink returns the URL that the service shows for a URL that a client sent:
// it completes a partial URL and keeps a full one.
func (p *project) fullLink(url string) string {
	ref, ok := parseReference(url)
	if !ok || ref.collection == "" || strings.Contains(url, "://") {
		return url
	}
	if ref.project == "" {
		ref.project = p.id
	}
	return ref.link()
}

func lastSegment(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
