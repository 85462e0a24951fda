package simulator

import (
	"strconv"
	"strings"
)

// Any image of a valid name exists: which images there are is not what this
// simulator is about. The newest of family F is F-v20231010, as the public images
// are named.

const imageVersion = "v20231010"

func (c *Cloud) getImage(r *Request) (any, error) {
	if !namePattern.MatchString(r.Name) {
		return nil, notFound(c.project(r.Project).globalPath("images", r.Name))
	}
	return image(c.project(r.Project), r.Name), nil
}

func (c *Cloud) getImageFromFamily(r *Request) (any, error) {
	if !namePattern.MatchString(r.Name) {
		return nil, notFound(c.project(r.Project).globalPath("images/family", r.Name))
	}
	return image(c.project(r.Project), r.Name+"-"+imageVersion), nil
}

func image(p *project, name string) map[string]any {
	family := name
	if i := strings.LastIndex(name, "-v"); i > 0 {
		if _, err := strconv.Atoi(name[i+2:]); err == nil {
			family = name[:i]
		}
	}
	path := p.globalPath("images", name)
	return map[string]any{
		"kind": "compute#image", "id": idString(projectNumber(path)), "name": name, "family": family,
		"status": "READY", "sourceType": "RAW", "diskSizeGb": "10", "archiveSizeBytes": "1073741824",
		"creationTimestamp": timestamp(epoch), "selfLink": linkPrefix + path, "architecture": "X86_64",
	}
}
