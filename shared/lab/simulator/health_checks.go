package simulator

import (
	"maps"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// healthCheck can be created and referred to; it never probes anything.
type healthCheck struct {
	meta
	project *project
	body    map[string]any
}

func (h *healthCheck) link() string { return linkPrefix + h.project.globalPath("healthChecks", h.name) }

func (h *healthCheck) json() map[string]any {
	m := maps.Clone(h.body)
	m["kind"], m["id"], m["name"] = "compute#healthCheck", idString(h.id), h.name
	m["creationTimestamp"], m["selfLink"] = timestamp(h.created), h.link()
	for _, field := range []string{"checkIntervalSec", "timeoutSec"} {
		set(m, field, 5)
	}
	for _, field := range []string{"healthyThreshold", "unhealthyThreshold"} {
		set(m, field, 2)
	}
	if probe, ok := m["httpHealthCheck"].(map[string]any); ok {
		probe = maps.Clone(probe)
		set(probe, "port", 80)
		set(probe, "proxyHeader", "NONE")
		set(probe, "requestPath", "/")
		m["httpHealthCheck"] = probe
		set(m, "type", "HTTP")
	}
	return m
}

func (c *Cloud) healthRoutes() []route {
	return []route{
		c.change("healthChecks.insert", c.insertHealthCheck),
		healthChecks.listRoute(c),
		healthChecks.getRoute(c),
		c.change("healthChecks.delete", c.deleteHealthCheck),
	}
}

var healthChecks = kind[*healthCheck]{collection: "healthChecks", name: "healthCheck", place: inGlobal,
	in: func(c *Cloud, project, _ string) lister[*healthCheck] { return c.project(project).health }}

func (c *Cloud) insertHealthCheck(r *Request) (*operation, error) {
	var m computepb.HealthCheck
	body, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	if err := checkName("resource.name", m.GetName()); err != nil {
		return nil, err
	}
	p := c.project(r.Project)
	if _, taken := p.health.get(m.GetName()); taken {
		return nil, alreadyExists(p.globalPath("healthChecks", m.GetName()))
	}
	h := &healthCheck{meta: c.newMeta(m.GetName()), project: p, body: body}
	return c.start(r, operationSpec{kind: "insert", targetLink: h.link(), targetID: h.id,
		apply: func() { p.health.add(h) }}), nil
}

func (c *Cloud) deleteHealthCheck(r *Request) (*operation, error) {
	h, err := healthChecks.find(c, r)
	if err != nil {
		return nil, err
	}
	return c.start(r, operationSpec{kind: "delete", targetLink: h.link(), targetID: h.id,
		apply: func() { h.project.health.remove(h.name) }}), nil
}
