package simulator

import (
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// template is an instance template; body and properties never change.
type template struct {
	project    *project
	name       string
	id         uint64
	created    time.Time
	body       map[string]any // as posted, in canonical form
	properties map[string]any // with the service's defaults
	vm         vmProperties
	ready      bool // false while its insert runs: only the name is taken
	deleting   bool
}

func (t *template) key() string          { return t.name }
func (t *template) createdAt() time.Time { return t.created }
func (t *template) path() string         { return t.project.globalPath("instanceTemplates", t.name) }
func (t *template) link() string         { return globalPrefix + t.path() }

func (t *template) json() map[string]any {
	m := map[string]any{
		"kind": "compute#instanceTemplate", "id": idString(t.id), "name": t.name,
		"creationTimestamp": timestamp(t.created), "selfLink": t.link(),
		"properties": t.properties,
	}
	if description, ok := t.body["description"]; ok {
		m["description"] = description
	}
	return m
}

func (c *Cloud) templateRoutes() []route {
	return []route{
		{"POST /global/instanceTemplates", "instanceTemplates.insert", mutation, c.change(c.insertTemplate)},
		{"GET /global/instanceTemplates", "instanceTemplates.list", read, c.listTemplates},
		{"GET /aggregated/instanceTemplates", "instanceTemplates.aggregatedList", heavyRead, c.aggregateTemplates},
		{"GET /global/instanceTemplates/{name}", "instanceTemplates.get", read, c.getTemplate},
		{"DELETE /global/instanceTemplates/{name}", "instanceTemplates.delete", mutation, c.change(c.deleteTemplate)},
	}
}

func (c *Cloud) insertTemplate(r *Request) (*operation, error) {
	var m computepb.InstanceTemplate
	body, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	if err := checkTemplate(&m); err != nil {
		return nil, err
	}
	p := c.project(r.Project)
	t := &template{project: p, name: m.GetName(), id: c.newID(), created: c.clock, body: body}
	if _, taken := p.templates.get(t.name); taken {
		return nil, alreadyExists(t.path())
	}
	t.properties = templateDefaults(body)
	t.vm = newVMProperties(m.GetProperties())
	p.templates.add(t)
	return c.start(r, operationSpec{
		kind: "compute.instanceTemplates.insert", targetLink: t.link(), targetID: t.id,
		apply: func() { t.ready = true },
		undo:  func() { p.templates.remove(t.name) },
	}), nil
}

func checkTemplate(m *computepb.InstanceTemplate) error {
	if err := checkName("resource.name", m.GetName()); err != nil {
		return err
	}
	p := m.GetProperties()
	if p == nil {
		return required("resource.properties")
	}
	if p.GetMachineType() == "" {
		return required("resource.properties.machineType")
	}
	if len(p.GetDisks()) == 0 {
		return invalid("At least one disk must be specified in the instance template's properties.")
	}
	seen := map[string]bool{}
	for _, item := range p.GetMetadata().GetItems() {
		if seen[item.GetKey()] {
			return invalidField("resource.properties.metadata", item.GetKey(), "Metadata has duplicate keys.")
		}
		seen[item.GetKey()] = true
	}
	return nil
}

// findTemplate answers 404 for one whose insert still runs.
func (c *Cloud) findTemplate(project, name string) (*template, error) {
	p := c.project(project)
	if t, ok := p.templates.get(name); ok && t.ready {
		return t, nil
	}
	return nil, notFound(p.globalPath("instanceTemplates", name))
}

func (c *Cloud) getTemplate(r *Request) (any, error) {
	t, err := c.findTemplate(r.Project, r.Name)
	if err != nil {
		return nil, err
	}
	return t.json(), nil
}

func (c *Cloud) readyTemplates(project string) []*template {
	var ready []*template
	for _, t := range c.project(project).templates.all() {
		if t.ready {
			ready = append(ready, t)
		}
	}
	return ready
}

func (c *Cloud) listTemplates(r *Request) (any, error) {
	path := "projects/" + r.Project + "/global/instanceTemplates"
	return listOf(r, listSpec{kind: "compute#instanceTemplateList", id: path, link: linkPrefix + path},
		c.readyTemplates(r.Project))
}

func (c *Cloud) aggregateTemplates(r *Request) (any, error) {
	return aggregateOf(c, r, "compute#instanceTemplateAggregatedList", "instanceTemplates",
		[]scope[*template]{{"global", c.readyTemplates(r.Project)}})
}

func (c *Cloud) deleteTemplate(r *Request) (*operation, error) {
	t, err := c.findTemplate(r.Project, r.Name)
	if err != nil {
		return nil, err
	}
	if user := c.templateUser(t); user != nil {
		return nil, inUse("instance_template", t.path(), user.path())
	}
	if t.deleting {
		return nil, notReady(t.path())
	}
	t.deleting = true
	return c.start(r, operationSpec{
		kind: "delete", targetLink: t.link(), targetID: t.id,
		apply: func() { t.project.templates.remove(t.name) },
		undo:  func() { t.deleting = false },
	}), nil
}

// templateUser is a group that refers to the template, one being created or
// deleted included.
func (c *Cloud) templateUser(t *template) *group {
	for _, z := range t.project.zonesOf() {
		for _, g := range z.groups.all() {
			for _, used := range g.templates {
				if used == t {
					return g
				}
			}
		}
	}
	return nil
}
