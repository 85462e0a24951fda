package simulator

import "cloud.google.com/go/compute/apiv1/computepb"

// Each managed group has an instance group of the same name, which gcloud reads
// for sizes and members.

func (c *Cloud) instanceGroupRoutes() []route {
	return append(instanceGroups.routes(c), c.change("instanceGroups.setNamedPorts", c.setNamedPorts),
		route{"instanceGroups.listInstances", read, c.listGroupInstances})
}

var instanceGroups = kind[instanceGroup]{collection: "instanceGroups", name: "instanceGroup", place: inZones,
	in: func(c *Cloud, project, zone string) lister[instanceGroup] {
		return groupLister{c.zone(project, zone).groups}
	}}

// groupLister lists managed groups as instance groups.
type groupLister struct{ groups *collection[*group] }

func (l groupLister) all() []instanceGroup {
	var all []instanceGroup
	for _, g := range l.groups.all() {
		all = append(all, instanceGroup{g})
	}
	return all
}

func (l groupLister) find(name string) (instanceGroup, bool) {
	g, ok := l.groups.find(name)
	return instanceGroup{g}, ok
}

// instanceGroup is the instanceGroups resource of a managed group.
type instanceGroup struct{ *group }

func (g instanceGroup) json() map[string]any {
	m := map[string]any{
		"kind": "compute#instanceGroup", "id": idString(g.id), "name": g.name,
		"creationTimestamp": timestamp(g.created), "fingerprint": g.fingerprint,
		"selfLink": linkPrefix + g.zone.path("instanceGroups", g.name), "zone": g.zone.link(),
		"network": linkPrefix + g.zone.project.globalPath("networks", "default"),
		"size":    len(g.members.all()),
	}
	if ports := g.body["namedPorts"]; ports != nil {
		m["namedPorts"] = ports
	}
	return m
}

// groupInstance is an entry of instanceGroups.listInstances.
type groupInstance struct{ *vm }

func (v groupInstance) json() map[string]any {
	return map[string]any{"instance": v.link(), "status": v.status}
}

func (c *Cloud) listGroupInstances(r *Request) (any, error) {
	g, err := instanceGroups.find(c, r)
	if err != nil {
		return nil, err
	}
	var items []groupInstance
	for _, v := range g.members.all() {
		items = append(items, groupInstance{v})
	}
	path := g.zone.path("instanceGroups", g.name)
	return listOf(r, listSpec{kind: "compute#instanceGroupsListInstances", id: path, link: linkPrefix + path + "/listInstances"}, items)
}

// setNamedPorts replaces the ports, which the group's manager shows as well.
func (c *Cloud) setNamedPorts(r *Request) (*operation, error) {
	g, err := instanceGroups.find(c, r)
	if err != nil {
		return nil, err
	}
	var m computepb.InstanceGroupsSetNamedPortsRequest
	body, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	if m.Fingerprint != nil && m.GetFingerprint() != g.fingerprint {
		return nil, conditionNotMet("The fingerprint is not the resource's current one.")
	}
	ports := map[string]any{"namedPorts": nil}
	if list := pruned(body)["namedPorts"]; list != nil {
		ports["namedPorts"] = list
	}
	return c.start(r, operationSpec{kind: "compute.instanceGroups.setNamedPorts", targetLink: linkPrefix + g.zone.path("instanceGroups", g.name),
		targetID: g.id, apply: func() { g.body, g.fingerprint = merged(g.body, ports), c.newFingerprint() }}), nil
}
