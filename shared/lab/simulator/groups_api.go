package simulator

import (
	"fmt"
	"net/http"

	"cloud.google.com/go/compute/apiv1/computepb"
)

func (c *Cloud) groupRoutes() []route {
	const collection = "/zones/{zone}/instanceGroupManagers"
	const one = collection + "/{name}"
	return append([]route{
		{"POST " + collection, "instanceGroupManagers.insert", mutation, c.change(c.insertGroup)},
		{"PATCH " + one, "instanceGroupManagers.patch", mutation, c.change(c.patchGroup)},
		{"DELETE " + one, "instanceGroupManagers.delete", mutation, c.change(c.deleteGroup)},
		{"POST " + one + "/resize", "instanceGroupManagers.resize", mutation, c.change(c.resizeGroup)},
		{"POST " + one + "/deleteInstances", "instanceGroupManagers.deleteInstances", mutation, c.change(c.deleteInstances)},
		{"POST " + one + "/createInstances", "instanceGroupManagers.createInstances", mutation, c.change(c.createInstances)},
		{"POST " + one + "/listManagedInstances", "instanceGroupManagers.listManagedInstances", listing, c.listManagedInstances},
	}, append(groups.routes(c), c.instanceGroupRoutes()...)...)
}

var groups = kind[*group]{collection: "instanceGroupManagers", name: "instanceGroupManager", place: inZones,
	in: func(c *Cloud, project, zone string) lister[*group] { return c.zone(project, zone).groups }}

// changeableGroup finds the group for a mutation, which a group that is being
// deleted refuses.
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
	var templates []*template
	for field, url := range templateURLs(m) {
		t, err := c.resolveTemplate(g.zone.project, field, url)
		if err != nil {
			return err
		}
		templates = append(templates, t)
	}
	g.baseName, g.paginated, g.templates, g.body = base, paginated, templates, body
	g.template = nil
	if len(templates) > 0 {
		g.template = templates[0]
	}
	g.noRepair = m.GetInstanceLifecyclePolicy().GetDefaultActionOnFailure() == "DO_NOTHING"
	return nil
}

// templateURLs yields the fields that refer to templates. The first one is that of
// new VMs.
func templateURLs(m *computepb.InstanceGroupManager) func(yield func(field, url string) bool) {
	return func(yield func(field, url string) bool) {
		for i, v := range m.GetVersions() {
			if v.GetTargetSize() == nil && v.GetInstanceTemplate() != "" &&
				!yield(fmt.Sprintf("resource.versions[%d].instanceTemplate", i), v.GetInstanceTemplate()) {
				return
			}
		}
		if url := m.GetInstanceTemplate(); url != "" && !yield("resource.instanceTemplate", url) {
			return
		}
		for i, v := range m.GetVersions() {
			if v.GetTargetSize() != nil && v.GetInstanceTemplate() != "" &&
				!yield(fmt.Sprintf("resource.versions[%d].instanceTemplate", i), v.GetInstanceTemplate()) {
				return
			}
		}
	}
}

func (c *Cloud) resolveTemplate(p *project, field, url string) (*template, error) {
	ref, ok := parseReference(url)
	if !ok {
		return nil, invalidField(field, url, "The URL is malformed.")
	}
	if ref.collection != "" && ref.collection != "instanceTemplates" {
		return nil, invalidField(field, url, "Unexpected resource collection '"+ref.collection+"'.")
	}
	if ref.project == "" {
		ref.project = p.id
	}
	t, ok := c.project(ref.project).templates.find(ref.name)
	switch {
	case !ok:
		return nil, notFound(c.project(ref.project).globalPath("instanceTemplates", ref.name))
	case t.deleting:
		return nil, notReady(t.path())
	}
	return t, nil
}

func conditionNotMet() *apiError {
	return &apiError{Status: http.StatusPreconditionFailed, Reason: "conditionNotMet",
		Message: "The fingerprint is not the resource's current one."}
}
