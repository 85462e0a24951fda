package simulator

import (
	"fmt"
	"slices"
	"strings"
)

// linkPrefix begins the links of zonal resources and operations; those of global
// resources begin with globalPrefix. Both are as recorded.
const (
	linkPrefix   = "https://www.googleapis.com/compute/v1/"
	globalPrefix = "https://compute.googleapis.com/compute/v1/"
)

type project struct {
	id         string
	templates  *collection[*template]
	snapshots  *collection[*snapshot]
	health     *collection[*healthCheck]
	zones      map[string]*zone
	ops        *operationLog
	requests   map[string]*requestRecord // by request id
	requestIDs []string                  // oldest first
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
			id:        id,
			templates: newCollection[*template](),
			snapshots: newCollection[*snapshot](),
			health:    newCollection[*healthCheck](),
			zones:     map[string]*zone{},
			ops:       newOperationLog(),
			requests:  map[string]*requestRecord{},
		}
		c.projects[id] = p
	}
	return p
}

func (c *Cloud) zone(project, name string) *zone {
	p := c.project(project)
	z := p.zones[name]
	if z == nil {
		z = &zone{
			project: p,
			name:    name,
			groups:  newCollection[*group](),
			vms:     newCollection[*vm](),
			disks:   newCollection[*disk](),
			ops:     newOperationLog(),
		}
		p.zones[name] = z
	}
	return z
}

func (c *Cloud) sortedProjects() []*project {
	all := make([]*project, 0, len(c.projects))
	for _, p := range c.projects {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *project) int { return strings.Compare(a.id, b.id) })
	return all
}

// zonesOf are the zones of a project that were ever used, by name.
func (p *project) zonesOf() []*zone {
	zones := make([]*zone, 0, len(p.zones))
	for _, z := range p.zones {
		zones = append(zones, z)
	}
	slices.SortFunc(zones, func(a, b *zone) int { return strings.Compare(a.name, b.name) })
	return zones
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
