package simulator

import (
	"fmt"
	"maps"
)

func (c *Cloud) instanceRoutes() []route {
	const collection = "/zones/{zone}/instances"
	return []route{
		{"GET " + collection, "instances.list", read, c.listInstances},
		{"GET /aggregated/instances", "instances.aggregatedList", heavyRead, c.aggregateInstances},
		{"GET " + collection + "/{name}", "instances.get", read, c.getInstance},
		{"DELETE " + collection + "/{name}", "instances.delete", mutation, c.change(c.deleteInstance)},
		{"POST " + collection + "/{name}/stop", "instances.stop", mutation, c.change(c.stopInstance)},
		{"POST " + collection + "/{name}/start", "instances.start", mutation, c.change(c.startInstance)},
	}
}

func (c *Cloud) findInstance(r *Request) (*vm, error) {
	z := c.zone(r.Project, r.Zone)
	if v, ok := z.vms.get(r.Name); ok && v.exists() {
		return v, nil
	}
	return nil, notFound(z.path("instances", r.Name))
}

func (c *Cloud) getInstance(r *Request) (any, error) {
	v, err := c.findInstance(r)
	if err != nil {
		return nil, err
	}
	return v.json(), nil
}

func (z *zone) instances() []*vm {
	var existing []*vm
	for _, v := range z.vms.all() {
		if v.exists() {
			existing = append(existing, v)
		}
	}
	return existing
}

func (c *Cloud) listInstances(r *Request) (any, error) {
	path := "projects/" + r.Project + "/zones/" + r.Zone + "/instances"
	return listOf(r, listSpec{kind: "compute#instanceList", id: path, link: linkPrefix + path},
		c.zone(r.Project, r.Zone).instances())
}

func (c *Cloud) aggregateInstances(r *Request) (any, error) {
	var scopes []scope[*vm]
	for _, z := range c.project(r.Project).zonesOf() {
		scopes = append(scopes, scope[*vm]{"zones/" + z.name, z.instances()})
	}
	return aggregateOf(c, r, "compute#instanceAggregatedList", "instances", scopes)
}

// deleteInstance deletes behind the group's back: the group recreates the VM.
func (c *Cloud) deleteInstance(r *Request) (*operation, error) {
	v, err := c.findInstance(r)
	if err != nil {
		return nil, err
	}
	id := v.id
	op := c.start(r, operationSpec{
		kind: "delete", targetLink: v.link(), targetID: id, queued: true, waits: true,
		apply: func() {
			if v.id == id {
				c.gone(v)
			}
		},
	})
	if op.willFail() {
		return op, nil
	}
	v.status = stopping
	if v.action != actionDeleting {
		v.generation++ // whatever was planned for it, such as its boot, is off
	}
	c.after(c.opts.DeleteTime+r.extraTime(), func() { c.complete(op) })
	return op, nil
}

func (v *vm) json() map[string]any {
	properties := map[string]any{}
	if v.template != nil {
		properties = v.template.properties
	}
	m := map[string]any{
		"kind": "compute#instance", "id": idString(v.id), "name": v.name,
		"zone": v.zone.link(), "selfLink": v.link(), "status": v.status,
		"creationTimestamp": timestamp(v.created),
		"machineType":       v.zone.link() + "/machineTypes/" + v.machineType(),
		"cpuPlatform":       "Intel Broadwell", "startRestricted": false, "deletionProtection": false,
		"fingerprint":       contentFingerprint(v.id),
		"labelFingerprint":  contentFingerprint(properties["labels"]),
		"disks":             v.attachedDisks(),
		"networkInterfaces": v.networkInterfaces(properties),
		"metadata":          v.metadata(properties),
	}
	for _, field := range []string{"description", "labels", "tags", "serviceAccounts", "scheduling",
		"canIpForward", "minCpuPlatform", "shieldedInstanceConfig", "guestAccelerators"} {
		if value, ok := properties[field]; ok {
			m[field] = value
		}
	}
	if !v.started.IsZero() {
		m["lastStartTimestamp"] = timestamp(v.started)
	}
	if !v.stopped.IsZero() {
		m["lastStopTimestamp"] = timestamp(v.stopped)
	}
	return m
}

func (v *vm) machineType() string {
	if v.template == nil {
		return "n1-standard-1"
	}
	return v.template.vm.machineType
}

// metadata is the template's with the two items that a group adds.
func (v *vm) metadata(properties map[string]any) map[string]any {
	var items []any
	if m, ok := properties["metadata"].(map[string]any); ok {
		items, _ = m["items"].([]any)
		items = items[:len(items):len(items)]
	}
	if v.template != nil {
		items = append(items, map[string]any{"key": "instance-template", "value": fmt.Sprintf(
			"projects/%d/global/instanceTemplates/%s", projectNumber(v.zone.project.id), v.template.name)})
	}
	if v.group != nil {
		items = append(items, map[string]any{"key": "created-by", "value": fmt.Sprintf(
			"projects/%d/zones/%s/instanceGroupManagers/%s", projectNumber(v.zone.project.id), v.zone.name, v.group.name)})
	}
	return map[string]any{"kind": "compute#metadata", "items": items, "fingerprint": contentFingerprint(items)}
}

// networkInterfaces are the template's with addresses.
func (v *vm) networkInterfaces(properties map[string]any) []map[string]any {
	var out []map[string]any
	for i, n := range objects(properties["networkInterfaces"]) {
		n = maps.Clone(n)
		n["fingerprint"] = contentFingerprint([]any{v.id, i})
		n["networkIP"] = address(10, v.address+uint32(i))
		n["stackType"] = "IPV4_ONLY"
		var access []map[string]any
		for _, a := range objects(n["accessConfigs"]) {
			a = maps.Clone(a)
			a["networkTier"] = "PREMIUM"
			if v.status == running {
				a["natIP"] = address(34, v.address)
			}
			access = append(access, a)
		}
		if access != nil {
			n["accessConfigs"] = access
		}
		out = append(out, n)
	}
	return out
}

func address(first byte, host uint32) string {
	return fmt.Sprintf("%d.%d.%d.%d", first, byte(host>>16)|0x80, byte(host>>8), byte(host))
}

func (c *Cloud) newAddress() uint32 { return c.opts.Rand.Uint32N(1 << 24) }
