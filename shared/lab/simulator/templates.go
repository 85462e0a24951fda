package simulator

import (
	"cloud.google.com/go/compute/apiv1/computepb"
)

// template is an instance template; body and properties never change.
type template struct {
	meta
	project    *project
	body       map[string]any                // as posted, in canonical form
	properties map[string]any                // with the service's defaults
	spec       *computepb.InstanceProperties // properties in the client's type
	ready      bool                          // false while its insert runs, which reserves the name only
	deleting   bool
}

func (t *template) listed() bool { return t.ready }
func (t *template) path() string { return t.project.globalPath("instanceTemplates", t.name) }
func (t *template) link() string { return globalPrefix + t.path() }

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
	return append([]route{
		c.change("instanceTemplates.insert", c.insertTemplate),
		c.change("instanceTemplates.delete", c.deleteTemplate),
	}, templates.routes(c)...)
}

var templates = kind[*template]{collection: "instanceTemplates", name: "instanceTemplate", place: inGlobal,
	in: func(c *Cloud, project, _ string) lister[*template] { return c.project(project).templates }}

func (c *Cloud) insertTemplate(r *Request) (*operation, error) {
	var m computepb.InstanceTemplate
	body, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	p := c.project(r.Project)
	if err := c.checkTemplate(p, &m); err != nil {
		return nil, err
	}
	t := &template{meta: c.newMeta(m.GetName()), project: p, body: body, spec: &computepb.InstanceProperties{}}
	if _, taken := p.templates.get(t.name); taken {
		return nil, alreadyExists(t.path())
	}
	t.properties = templateDefaults(p, body)
	if err := toMessage(t.properties, t.spec); err != nil {
		return nil, err
	}
	p.templates.add(t)
	return c.start(r, operationSpec{
		kind: "compute.instanceTemplates.insert", targetLink: t.link(), targetID: t.id,
		apply: func() { t.ready = true },
		undo:  func() { p.templates.remove(t.name) },
	}), nil
}

func (c *Cloud) deleteTemplate(r *Request) (*operation, error) {
	t, err := templates.find(c, r)
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

// templateUser returns a group that refers to the template, or nil. A group that is
// being created or deleted counts.
func (c *Cloud) templateUser(t *template) *group {
	for _, z := range t.project.zones {
		for _, g := range z.groups.every() {
			for _, used := range g.templates {
				if used == t {
					return g
				}
			}
		}
	}
	return nil
}
