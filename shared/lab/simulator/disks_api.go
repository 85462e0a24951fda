package simulator

import "cloud.google.com/go/compute/apiv1/computepb"

func (c *Cloud) diskRoutes() []route {
	const collection = "/zones/{zone}/disks"
	const instance = "/zones/{zone}/instances/{name}"
	return append([]route{
		{"POST " + collection, "disks.insert", mutation, c.change(c.insertDisk)},
		{"DELETE " + collection + "/{name}", "disks.delete", mutation, c.change(c.deleteDisk)},
		{"POST " + instance + "/attachDisk", "instances.attachDisk", mutation, c.change(c.attachDisk)},
		{"POST " + instance + "/detachDisk", "instances.detachDisk", mutation, c.change(c.detachDisk)},
		{"POST " + instance + "/setDiskAutoDelete", "instances.setDiskAutoDelete", mutation, c.change(c.setDiskAutoDelete)},
	}, append(disks.routes(c), snapshots.listRoute(c), snapshots.getRoute(c))...)
}

var disks = kind[*disk]{collection: "disks", name: "disk", place: inZones,
	in: func(c *Cloud, project, zone string) lister[*disk] { return c.zone(project, zone).disks }}

func (c *Cloud) insertDisk(r *Request) (*operation, error) {
	var m computepb.Disk
	if _, err := r.decode(&m); err != nil {
		return nil, err
	}
	if err := checkName("resource.name", m.GetName()); err != nil {
		return nil, err
	}
	z := c.zone(r.Project, r.Zone)
	d := &disk{meta: c.newMeta(m.GetName()), zone: z, sizeGb: m.GetSizeGb(),
		kind: lastSegment(m.GetType()), image: m.GetSourceImage(), labels: m.GetLabels()}
	if _, taken := z.disks.get(d.name); taken {
		return nil, alreadyExists(d.path())
	}
	if url := m.GetSourceSnapshot(); url != "" {
		s, ok := z.project.snapshots.get(lastSegment(url))
		if !ok {
			return nil, notFound(z.project.globalPath("snapshots", lastSegment(url)))
		}
		d.snapshot = s
		d.sizeGb = max(d.sizeGb, s.diskSizeGb)
	}
	d.setDefaults()
	return c.start(r, operationSpec{kind: "insert", targetLink: d.link(), targetID: d.id, queued: true,
		apply: func() {
			if _, taken := z.disks.get(d.name); !taken {
				z.disks.add(d)
			}
		}}), nil
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

func (c *Cloud) attachDisk(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
	if err != nil {
		return nil, err
	}
	var m computepb.AttachedDisk
	if _, err := r.decode(&m); err != nil {
		return nil, err
	}
	d, ok := v.zone.disks.get(lastSegment(m.GetSource()))
	if !ok {
		return nil, notFound(v.zone.path("disks", lastSegment(m.GetSource())))
	}
	if d.user != nil {
		return nil, inUse("disk", d.path(), d.user.path())
	}
	a := &attachment{disk: d, boot: m.GetBoot(), autoDelete: m.GetAutoDelete(), deviceName: m.GetDeviceName()}
	if a.deviceName == "" {
		a.deviceName = d.name
	}
	return c.diskChange(r, v, "compute.instances.attachDisk", func() {
		if d.user == nil {
			d.user = v
			v.disks = append(v.disks, a)
		}
	}), nil
}

// diskChange starts an operation on a VM's disks. It changes nothing where the
// instance was replaced before it ends.
func (c *Cloud) diskChange(r *Request, v *vm, kind string, apply func()) *operation {
	id := v.id
	return c.start(r, operationSpec{kind: kind, targetLink: v.link(), targetID: id, queued: true, apply: func() {
		if v.id == id {
			apply()
		}
	}})
}

func (v *vm) device(name string) (int, error) {
	for i, a := range v.disks {
		if a.deviceName == name {
			return i, nil
		}
	}
	return 0, invalidField("deviceName", name, "No attached disk found with this device name.")
}

func (c *Cloud) detachDisk(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
	if err != nil {
		return nil, err
	}
	name := r.Query.Get("deviceName")
	if _, err := v.device(name); err != nil {
		return nil, err
	}
	return c.diskChange(r, v, "detachDisk", func() {
		if i, err := v.device(name); err == nil {
			v.disks[i].disk.user = nil
			v.disks = append(v.disks[:i:i], v.disks[i+1:]...)
		}
	}), nil
}

func (c *Cloud) setDiskAutoDelete(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
	if err != nil {
		return nil, err
	}
	name, value := r.Query.Get("deviceName"), r.Query.Get("autoDelete") == "true"
	if _, err := v.device(name); err != nil {
		return nil, err
	}
	return c.diskChange(r, v, "compute.instances.setDiskAutoDelete", func() {
		if i, err := v.device(name); err == nil {
			v.disks[i].autoDelete = value
		}
	}), nil
}
