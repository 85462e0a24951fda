package simulator

import (
	"fmt"
	"maps"
)

func (c *Cloud) instanceRoutes() []route {
	return append([]route{
		c.change("instances.delete", c.deleteInstance),
		c.change("instances.stop", c.stopInstance),
		c.change("instances.start", c.startInstance),
		c.change("instances.setLabels", c.setInstanceLabels),
		c.change("instances.setMetadata", c.setInstanceMetadata),
		c.change("instances.setTags", c.setInstanceTags),
	}, instances.routes(c)...)
}

var instances = kind[*vm]{collection: "instances", name: "instance", place: inZones,
	in: func(c *Cloud, project, zone string) lister[*vm] { return c.zone(project, zone).vms }}

// deleteInstance deletes a VM behind its group's back; the group then recreates
// it.
func (c *Cloud) deleteInstance(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
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
		v.generation++ // cancels what was planned for it, such as its boot
	}
	c.after(c.opts.DeleteTime+r.extraTime(), func() { c.complete(op) })
	return op, nil
}

func (v *vm) json() map[string]any {
	properties := v.properties()
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
		"tags":              v.tags(properties),
	}
	for _, field := range []string{"description", "labels", "serviceAccounts", "scheduling",
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

// properties returns the template's properties, with the changes made to the
// instance.
func (v *vm) properties() map[string]any {
	if v.template == nil {
		return v.changed
	}
	if len(v.changed) == 0 {
		return v.template.properties
	}
	p := maps.Clone(v.template.properties)
	maps.Copy(p, v.changed)
	return p
}

func (v *vm) machineType() string {
	if v.template == nil {
		return "n1-standard-1"
	}
	return lastSegment(v.template.spec.GetMachineType())
}

// metadata returns the template's metadata with the two items that a group adds.
func (v *vm) metadata(properties map[string]any) map[string]any {
	var items []any
	if m, ok := properties["metadata"].(map[string]any); ok {
		items, _ = m["items"].([]any)
		items = items[:len(items):len(items)]
	}
	if _, replaced := v.changed["metadata"]; replaced {
		return map[string]any{"kind": "compute#metadata", "items": items, "fingerprint": contentFingerprint(items)}
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

// tags returns the instance's tags with their fingerprint.
func (v *vm) tags(properties map[string]any) map[string]any {
	posted, _ := properties["tags"].(map[string]any)
	tags := map[string]any{"fingerprint": contentFingerprint(posted["items"])}
	if items := posted["items"]; items != nil {
		tags["items"] = items
	}
	return tags
}

// networkInterfaces returns the template's interfaces with addresses.
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
