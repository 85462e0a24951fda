package simulator

import (
	"cmp"

	"cloud.google.com/go/compute/apiv1/computepb"
)

func (c *Cloud) diskRoutes() []route {
	return append([]route{
		c.change("disks.insert", c.insertDisk),
		c.change("disks.delete", c.deleteDisk),
		c.change("disks.setLabels", c.setDiskLabels),
		c.change("disks.resize", c.resizeDisk),
		c.change("disks.update", c.updateDisk),
		c.change("instances.attachDisk", c.attachDisk),
		c.change("instances.detachDisk", c.detachDisk),
		c.change("instances.setDiskAutoDelete", c.setDiskAutoDelete),
	}, append(disks.routes(c), diskTypes.routes(c)...)...)
}

var disks = kind[*disk]{collection: "disks", name: "disk", place: inZones,
	in: func(c *Cloud, project, zone string) lister[*disk] { return c.zone(project, zone).disks }}

func (c *Cloud) insertDisk(r *Request) (*operation, error) {
	var m computepb.Disk
	body, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	if err := checkNamed(m.GetName(), m.GetLabels()); err != nil {
		return nil, err
	}
	z := c.zone(r.Project, r.Zone)
	d := &disk{meta: c.newMeta(m.GetName()), zone: z, sizeGb: cmp.Or(m.GetSizeGb(), defaultDiskGb), kind: "pd-standard", body: pruned(body)}
	if _, taken := z.disks.get(d.name); taken {
		return nil, alreadyExists(d.path())
	}
	if url := m.GetType(); url != "" {
		ref, err := z.project.resolve("resource.type", url, "diskTypes")
		if err != nil {
			return nil, err
		}
		if d.kind = ref.name; !knownDiskType(d.kind) || ref.zone != z.name {
			return nil, referenceMissing("resource.type", url, "diskType")
		}
	}
	// The parameter sourceImage is an older form of the field.
	if url := cmp.Or(m.GetSourceImage(), r.Query.Get("sourceImage")); url != "" {
		from, err := c.resolveImage(z.project, "resource.sourceImage", url)
		if err != nil {
			return nil, err
		}
		d.image, d.sizeGb = from.link, max(d.sizeGb, from.sizeGb)
	}
	if url := m.GetSourceSnapshot(); url != "" {
		s, err := c.resolveSnapshot(z.project, "resource.sourceSnapshot", url)
		if err != nil {
			return nil, err
		}
		if !s.take(c) {
			return c.failed(r, "insert", d.link(), d.id, s.rateExceeded()), nil
		}
		d.from(s)
	}
	return c.start(r, operationSpec{kind: "insert", targetLink: d.link(), targetID: d.id, queued: true,
		apply: func() {
			if _, taken := z.disks.get(d.name); !taken {
				z.disks.add(d)
			}
		}}), nil
}

// resolveDisk finds the disk that a field of a body refers to.
func (c *Cloud) resolveDisk(p *project, field, url string) (*disk, error) {
	ref, err := p.resolve(field, url, "disks")
	if err != nil {
		return nil, err
	}
	if c.zoneExists(ref.zone) {
		if d, ok := c.zone(ref.project, ref.zone).disks.find(ref.name); ok {
			return d, nil
		}
	}
	return nil, notFound(withoutPrefix(ref.link()))
}

// changeDisk starts an operation that changes a disk.
func (c *Cloud) changeDisk(r *Request, kind string, d *disk, apply func()) (*operation, error) {
	return c.start(r, operationSpec{kind: kind, targetLink: d.link(), targetID: d.id, apply: apply}), nil
}

func (c *Cloud) setDiskLabels(r *Request) (*operation, error) {
	d, err := disks.find(c, r)
	if err != nil {
		return nil, err
	}
	return c.setLabels(r, d.link(), d.id, &d.body)
}

// resizeDisk makes a disk larger, as the API's description of disks.resize says.
func (c *Cloud) resizeDisk(r *Request) (*operation, error) {
	d, err := disks.find(c, r)
	if err != nil {
		return nil, err
	}
	var m computepb.DisksResizeRequest
	if _, err := r.decode(&m); err != nil {
		return nil, err
	}
	if m.GetSizeGb() <= d.sizeGb {
		return nil, invalidField("sizeGb", m.GetSizeGb(), "New disk size must be larger than the current size.")
	}
	return c.changeDisk(r, "resizeDisk", d, func() { d.sizeGb = m.GetSizeGb() })
}

// updateDisk changes the fields that the description of disks.update allows.
func (c *Cloud) updateDisk(r *Request) (*operation, error) {
	d, err := disks.find(c, r)
	if err != nil {
		return nil, err
	}
	body, err := r.decode(&computepb.Disk{})
	if err != nil {
		return nil, err
	}
	change := map[string]any{}
	for _, field := range []string{"accessMode", "labels", "provisionedIops", "provisionedThroughput", "userLicenses"} {
		if value, ok := body[field]; ok {
			change[field] = value
		}
	}
	return c.changeDisk(r, "update", d, func() { d.body = pruned(merged(d.body, change)) })
}

func (c *Cloud) deleteDisk(r *Request) (*operation, error) {
	d, err := disks.find(c, r)
	if err != nil {
		return nil, err
	}
	if d.user != nil {
		return nil, inUse("disk", d.path(), d.user.path())
	}
	return c.start(r, operationSpec{kind: "delete", targetLink: d.link(), targetID: d.id, queued: true,
		apply: func() {
			if d.user == nil {
				d.zone.disks.remove(d.name)
			}
		}}), nil
}
