package simulator

import (
	"fmt"
	"slices"
	"strings"
)

// linkPrefix begins every link except those of templates, which begin with
// globalPrefix. Both were recorded from the service.
const (
	linkPrefix   = "https://www.googleapis.com/compute/v1/"
	globalPrefix = "https://compute.googleapis.com/compute/v1/"
)

type project struct {
	id        string
	templates *collection[*template]
	snapshots *collection[*snapshot]
	images    *collection[*image]
	// deletedImages are the names of images that were created here and deleted.
	deletedImages map[string]bool
	health        *collection[*healthCheck]
	zones         []*zone // in the order of Cloud.zones
	ops           *operationLog
	requests      map[string]*requestRecord // by request id
	requestIDs    []string                  // oldest first
}

type zone struct {
	project *project
	name    string
	groups  *collection[*group]
	vms     *collection[*vm]
	disks   *collection[*disk]
	ops     *operationLog
}

func (c *Cloud) project(id string) *project {
	p := c.projects[id]
	if p == nil {
		p = &project{
			id:            id,
			templates:     newCollection[*template](),
			snapshots:     newCollection[*snapshot](),
			images:        newCollection[*image](),
			deletedImages: map[string]bool{},
			health:        newCollection[*healthCheck](),
			ops:           newOperationLog(),
			requests:      map[string]*requestRecord{},
		}
		for _, name := range c.zones {
			p.zones = append(p.zones, &zone{
				project: p,
				name:    name,
				groups:  newCollection[*group](),
				vms:     newCollection[*vm](),
				disks:   newCollection[*disk](),
				ops:     newOperationLog(),
			})
		}
		c.projects[id] = p
	}
	return p
}

// zone returns an existing zone: see checkZone.
func (c *Cloud) zone(project, name string) *zone {
	i, _ := slices.BinarySearch(c.zones, name)
	return c.project(project).zones[i]
}

func (c *Cloud) sortedProjects() []*project {
	all := make([]*project, 0, len(c.projects))
	for _, p := range c.projects {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *project) int { return strings.Compare(a.id, b.id) })
	return all
}

func (c *Cloud) zoneExists(name string) bool {
	_, found := slices.BinarySearch(c.zones, name)
	return found
}

func (c *Cloud) checkZone(r *Request) error {
	if r.Zone != "" && !c.zoneExists(r.Zone) {
		return invalidField("zone", r.Zone, "Unknown zone.")
	}
	return nil
}

func (z *zone) path(collection, name string) string {
	return fmt.Sprintf("projects/%s/zones/%s/%s/%s", z.project.id, z.name, collection, name)
}

func (z *zone) link() string { return linkPrefix + "projects/" + z.project.id + "/zones/" + z.name }

func (p *project) globalPath(collection, name string) string {
	return fmt.Sprintf("projects/%s/global/%s/%s", p.id, collection, name)
}
