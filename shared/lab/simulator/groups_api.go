package simulator

import (
	"fmt"
	"net/http"

	"cloud.google.com/go/compute/apiv1/computepb"
)

func (c *Cloud) groupRoutes() []route {
	return append([]route{
		c.change("instanceGroupManagers.insert", c.insertGroup),
		c.change("instanceGroupManagers.patch", c.patchGroup),
		c.change("instanceGroupManagers.delete", c.deleteGroup),
		c.change("instanceGroupManagers.resize", c.resizeGroup),
		c.change("instanceGroupManagers.deleteInstances", c.deleteInstances),
		c.change("instanceGroupManagers.createInstances", c.createInstances),
		{"instanceGroupManagers.listManagedInstances", listing, c.listManagedInstances},
	}, append(groups.routes(c), c.instanceGroupRoutes()...)...)
}

var groups = kind[*group]{collection: "instanceGroupManagers", name: "instanceGroupManager", place: inZones,
	in: func(c *Cloud, project, zone string) lister[*group] { return c.zone(project, zone).groups }}

// changeableGroup finds the group for a mutation. A group that is being deleted
// refuses mutations.
func (c *Cloud) changeableGroup(r *Request) (*group, error) {
	g, err := groups.find(c, r)
	if err == nil && g.deletion != nil {
		return nil, notReady(g.path())
	}
	return g, err
}

func (c *Cloud) insertGroup(r *Request) (*operation, error) {
	var m computepb.InstanceGroupManager
	body, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	if err := checkName("resource.name", m.GetName()); err != nil {
		return nil, err
	}
	z := c.zone(r.Project, r.Zone)
	g := &group{meta: c.newMeta(m.GetName()), zone: z,
		fingerprint: c.newFingerprint(), members: newCollection[*vm](), made: map[*template]int{}}
	if _, taken := z.groups.get(g.name); taken {
		return nil, alreadyExists(g.path())
	}
	if err := c.configure(g, &m, body); err != nil {
		return nil, err
	}
	g.targetSize = int(m.GetTargetSize())
	z.groups.add(g)
	return c.start(r, operationSpec{
		kind: "insert", targetLink: g.link(), targetID: g.id,
		apply: func() { g.ready = true; c.reconcile(g) },
		undo:  func() { z.groups.remove(g.name) },
	}), nil
}

// configure checks a group's body and applies it. On an error the group is left
// unchanged.
func (c *Cloud) configure(g *group, m *computepb.InstanceGroupManager, body map[string]any) error {
	base := m.GetBaseInstanceName()
	if base == "" {
		base = g.name[:min(len(g.name), 58)]
	}
	if !baseNamePattern.MatchString(base) {
		return invalidField("resource.baseInstanceName", base, "Must be a match of regex '"+baseNameRegex+"'")
	}
	paginated := m.GetListManagedInstancesResults() == "PAGINATED"
	limit := (&group{paginated: paginated}).limit()
	if size := int(m.GetTargetSize()); size < 0 || size > limit {
		return invalidField("resource.targetSize", size, fmt.Sprintf("Must be between 0 and %d.", limit))
	}
	body = pruned(body)
	templates, err := c.resolveTemplates(g.zone.project, body)
	if err != nil {
		return err
	}
	if err := c.checkGroupReferences(g, m, body); err != nil {
		return err
	}
	g.baseName, g.paginated, g.templates, g.body = base, paginated, templates, body
	g.template = nil
	if len(templates) > 0 {
		g.template = templates[0]
	}
	g.noRepair = m.GetInstanceLifecyclePolicy().GetDefaultActionOnFailure() == "DO_NOTHING"
	return nil
}

// resolveTemplates finds the templates of a group's body, first the one for new
// VMs, and replaces the posted URLs by their links: a client may refer to a
// template by its id, as the Terraform provider does, and read its name.
func (c *Cloud) resolveTemplates(p *project, body map[string]any) ([]*template, error) {
	var first, others []*template
	resolve := func(field string, in map[string]any) (*template, error) {
		url, _ := in["instanceTemplate"].(string)
		if url == "" {
			delete(in, "instanceTemplate")
			return nil, nil
		}
		t, err := c.resolveTemplate(p, field, url)
		if err == nil {
			in["instanceTemplate"] = t.link()
		}
		return t, err
	}
	for i, v := range objects(body["versions"]) {
		t, err := resolve(fmt.Sprintf("resource.versions[%d].instanceTemplate", i), v)
		switch {
		case err != nil:
			return nil, err
		case t == nil:
			return nil, required(fmt.Sprintf("resource.versions[%d].instanceTemplate", i))
		case v["targetSize"] != nil && len(v["targetSize"].(map[string]any)) > 0:
			others = append(others, t)
		default:
			first = append(first, t)
		}
	}
	if len(first) != 1 && len(first)+len(others) > 0 { // by the description of versions
		return nil, invalidField("resource.versions", "", "Exactly one version must leave the targetSize field unset.")
	}
	t, err := resolve("resource.instanceTemplate", body)
	if err != nil {
		return nil, err
	}
	if t != nil {
		first = append(first, t)
	}
	return append(first, others...), nil
}

func (c *Cloud) resolveTemplate(p *project, field, url string) (*template, error) {
	ref, err := p.resolve(field, url, "instanceTemplates")
	if err != nil {
		return nil, err
	}
	t, ok := c.project(ref.project).templates.find(ref.name)
	switch {
	case !ok:
		return nil, notFound(withoutPrefix(ref.link()))
	case t.deleting:
		return nil, notReady(t.path())
	}
	return t, nil
}

// checkGroupReferences resolves the group's other references, and completes
// their links.
func (c *Cloud) checkGroupReferences(g *group, m *computepb.InstanceGroupManager, body map[string]any) error {
	p := g.zone.project
	if len(m.GetTargetPools()) > 0 {
		return notSupported("A group with target pools")
	}
	for i, policy := range objects(body["autoHealingPolicies"]) {
		url, _ := policy["healthCheck"].(string)
		if url == "" {
			continue
		}
		field := fmt.Sprintf("resource.autoHealingPolicies[%d].healthCheck", i)
		ref, err := p.resolve(field, url, "healthChecks")
		if err != nil {
			return err
		}
		if _, ok := c.project(ref.project).health.find(ref.name); !ok {
			return notFound(withoutPrefix(ref.link()))
		}
		policy["healthCheck"] = p.fullLink(url)
	}
	return checkLabels("resource.allInstancesConfig.properties.labels", m.GetAllInstancesConfig().GetProperties().GetLabels())
}

func conditionNotMet(why string) *apiError {
	return &apiError{Status: http.StatusPreconditionFailed, Reason: "conditionNotMet",
		Message: why}
}
