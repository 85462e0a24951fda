package simulator

import (
	"maps"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// healthCheck can be created and referred to; nothing is ever probed.
type healthCheck struct {
	project *project
	name    string
	id      uint64
	created time.Time
	body    map[string]any
}

func (h *healthCheck) key() string          { return h.name }
func (h *healthCheck) createdAt() time.Time { return h.created }
func (h *healthCheck) link() string         { return linkPrefix + h.project.globalPath("healthChecks", h.name) }

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
		{"POST /global/healthChecks", "healthChecks.insert", mutation, c.change(c.insertHealthCheck)},
		{"GET /global/healthChecks", "healthChecks.list", read, c.listHealthChecks},
		{"GET /global/healthChecks/{name}", "healthChecks.get", read, c.getHealthCheck},
		{"DELETE /global/healthChecks/{name}", "healthChecks.delete", mutation, c.change(c.deleteHealthCheck)},
	}
}

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
	h := &healthCheck{project: p, name: m.GetName(), id: c.newID(), created: c.clock, body: body}
	return c.start(r, operationSpec{kind: "insert", targetLink: h.link(), targetID: h.id,
		apply: func() { p.health.add(h) }}), nil
}

func (c *Cloud) findHealthCheck(r *Request) (*healthCheck, error) {
	p := c.project(r.Project)
	if h, ok := p.health.get(r.Name); ok {
		return h, nil
	}
	return nil, notFound(p.globalPath("healthChecks", r.Name))
}

func (c *Cloud) getHealthCheck(r *Request) (any, error) {
	h, err := c.findHealthCheck(r)
	if err != nil {
		return nil, err
	}
	return h.json(), nil
}

func (c *Cloud) listHealthChecks(r *Request) (any, error) {
	path := "projects/" + r.Project + "/global/healthChecks"
	return listOf(r, listSpec{kind: "compute#healthCheckList", id: path, link: linkPrefix + path},
		c.project(r.Project).health.all())
}

func (c *Cloud) deleteHealthCheck(r *Request) (*operation, error) {
	h, err := c.findHealthCheck(r)
	if err != nil {
		return nil, err
	}
	return c.start(r, operationSpec{kind: "delete", targetLink: h.link(), targetID: h.id,
		apply: func() { h.project.health.remove(h.name) }}), nil
}
