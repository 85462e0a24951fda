package simulator

// Each managed group has an instance group of the same name, which gcloud reads
// for sizes and members.

func (c *Cloud) instanceGroupRoutes() []route {
	const collection = "/zones/{zone}/instanceGroups"
	return []route{
		{"GET " + collection, "instanceGroups.list", read, c.listInstanceGroups},
		{"GET /aggregated/instanceGroups", "instanceGroups.aggregatedList", heavyRead, c.aggregateInstanceGroups},
		{"GET " + collection + "/{name}", "instanceGroups.get", read, c.getInstanceGroup},
		{"POST " + collection + "/{name}/listInstances", "instanceGroups.listInstances", read, c.listGroupInstances},
	}
}

// instanceGroup is a group as its instanceGroups resource.
type instanceGroup struct{ *group }

func (g instanceGroup) json() map[string]any {
	size := 0
	for _, v := range g.members.byName {
		if v.exists() {
			size++
		}
	}
	return map[string]any{
		"kind": "compute#instanceGroup", "id": idString(g.id), "name": g.name,
		"creationTimestamp": timestamp(g.created), "fingerprint": g.fingerprint,
		"selfLink": linkPrefix + g.zone.path("instanceGroups", g.name), "zone": g.zone.link(),
		"network": linkPrefix + g.zone.project.globalPath("networks", "default"),
		"size":    size,
	}
}

func (z *zone) instanceGroups() []instanceGroup {
	var all []instanceGroup
	for _, g := range z.readyGroups() {
		all = append(all, instanceGroup{g})
	}
	return all
}

func (c *Cloud) findInstanceGroup(r *Request) (instanceGroup, error) {
	g, err := c.findGroup(r)
	if err != nil {
		return instanceGroup{}, notFound(c.zone(r.Project, r.Zone).path("instanceGroups", r.Name))
	}
	return instanceGroup{g}, nil
}

func (c *Cloud) getInstanceGroup(r *Request) (any, error) {
	g, err := c.findInstanceGroup(r)
	if err != nil {
		return nil, err
	}
	return g.json(), nil
}

func (c *Cloud) listInstanceGroups(r *Request) (any, error) {
	path := "projects/" + r.Project + "/zones/" + r.Zone + "/instanceGroups"
	return listOf(r, listSpec{kind: "compute#instanceGroupList", id: path, link: linkPrefix + path},
		c.zone(r.Project, r.Zone).instanceGroups())
}

func (c *Cloud) aggregateInstanceGroups(r *Request) (any, error) {
	var scopes []scope[instanceGroup]
	for _, z := range c.project(r.Project).zonesOf() {
		scopes = append(scopes, scope[instanceGroup]{"zones/" + z.name, z.instanceGroups()})
	}
	return aggregateOf(c, r, "compute#instanceGroupAggregatedList", "instanceGroups", scopes)
}

// groupInstance is an entry of instanceGroups.listInstances.
type groupInstance struct{ *vm }

func (v groupInstance) json() map[string]any {
	return map[string]any{"instance": v.link(), "status": v.status}
}

func (c *Cloud) listGroupInstances(r *Request) (any, error) {
	g, err := c.findInstanceGroup(r)
	if err != nil {
		return nil, err
	}
	var items []groupInstance
	for _, v := range g.members.all() {
		if v.exists() {
			items = append(items, groupInstance{v})
		}
	}
	path := g.zone.path("instanceGroups", g.name)
	return listOf(r, listSpec{kind: "compute#instanceGroupsListInstances", id: path, link: linkPrefix + path + "/listInstances"}, items)
}
