package simulator

import "cloud.google.com/go/compute/apiv1/computepb"

func (c *Cloud) attachDisk(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
	if err != nil {
		return nil, err
	}
	var m computepb.AttachedDisk
	if _, err := r.decode(&m); err != nil {
		return nil, err
	}
	d, err := c.resolveDisk(v.zone.project, "resource.source", m.GetSource())
	if err != nil {
		return nil, err
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

// diskChange starts an operation on a VM's disks. The operation changes nothing
// if the instance is replaced before it ends.
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
