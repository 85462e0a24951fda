package simulator

import (
	"cmp"
	"strconv"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// disk is a persistent disk of a zone.
type disk struct {
	meta
	zone   *zone
	body   map[string]any // as posted and changed, with full links; may be nil
	image  string         // the link of its image; may be empty
	sizeGb int64
	kind   string // pd-standard, pd-ssd, …
	user   *vm    // the VM that it is attached to; may be nil
}

// attachment is a disk of a VM.
type attachment struct {
	disk       *disk
	boot       bool
	autoDelete bool
	deviceName string
}

func (d *disk) path() string { return d.zone.path("disks", d.name) }
func (d *disk) link() string { return linkPrefix + d.path() }

func (d *disk) json() map[string]any {
	m := merged(d.body, map[string]any{
		"kind": "compute#disk", "id": idString(d.id), "name": d.name, "status": "READY",
		"creationTimestamp": timestamp(d.created), "selfLink": d.link(), "zone": d.zone.link(),
		"sizeGb": strconv.FormatInt(d.sizeGb, 10), "type": d.zone.link() + "/diskTypes/" + d.kind,
		"labelFingerprint": contentFingerprint(d.body["labels"]),
	})
	set(m, "physicalBlockSizeBytes", "4096")
	if d.image != "" {
		m["sourceImage"] = d.image
	}
	if d.user != nil {
		m["users"] = []string{d.user.link()}
	}
	return m
}

const defaultDiskGb = 10

// attachDisks gives a new instance its disks. If one of them cannot be found or
// created, it attaches none and returns the reason.
func (c *Cloud) attachDisks(v *vm) []OperationError {
	if v.template == nil {
		return nil
	}
	if problem := creationProblem(v.zone, v.template.spec); problem != nil {
		return []OperationError{*problem}
	}
	var attached []*attachment
	for _, spec := range v.template.spec.GetDisks() {
		d, problem := c.diskFor(v, spec)
		if problem != nil {
			return []OperationError{*problem}
		}
		attached = append(attached, &attachment{disk: d, boot: spec.GetBoot(),
			autoDelete: spec.GetAutoDelete(), deviceName: spec.GetDeviceName()})
	}
	for _, a := range attached {
		a.disk.user = v
		v.zone.disks.add(a.disk)
	}
	v.disks = attached
	return nil
}

// diskFor finds or creates a disk of a template for a VM.
func (c *Cloud) diskFor(v *vm, spec *computepb.AttachedDisk) (*disk, *OperationError) {
	init, project := spec.GetInitializeParams(), v.template.project
	name := diskName(v, spec)
	d, found := v.zone.disks.get(name)
	switch {
	case found && d.user != nil:
		return nil, operationError("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", inUse("disk", d.path(), d.user.path()))
	case found:
		return d, nil
	case spec.GetSource() != "":
		return nil, operationError("RESOURCE_NOT_FOUND", notFound(v.zone.path("disks", name)))
	}
	d = &disk{meta: c.newMeta(name), zone: v.zone, kind: diskTypeOf(v.template.spec, spec),
		sizeGb: cmp.Or(init.GetDiskSizeGb(), spec.GetDiskSizeGb(), defaultDiskGb)}
	if len(init.GetLabels()) > 0 {
		d.body = map[string]any{"labels": init.GetLabels()}
	}
	if url := init.GetSourceImage(); url != "" {
		from, err := c.resolveImage(project, "sourceImage", url)
		switch {
		case err != nil:
			return nil, operationError("RESOURCE_NOT_FOUND", notFound(withoutPrefix(url)))
		case from.made != nil && !from.made.ready:
			return nil, operationError("RESOURCE_NOT_READY", notReady(withoutPrefix(url)))
		}
		d.image, d.sizeGb = from.link, max(d.sizeGb, from.sizeGb)
	}
	if url := init.GetSourceSnapshot(); url != "" {
		s, err := c.resolveSnapshot(project, "sourceSnapshot", url)
		switch {
		case err != nil || s.status != snapshotReady:
			return nil, operationError("RESOURCE_NOT_FOUND", notFound(withoutPrefix(url)))
		case !s.take(c):
			return nil, s.rateExceeded()
		}
		d.from(s)
	}
	return d, nil
}

// from marks a disk as created from a snapshot.
func (d *disk) from(s *snapshot) {
	d.body = merged(d.body, map[string]any{"sourceSnapshot": s.link(), "sourceSnapshotId": idString(s.id)})
	d.sizeGb = max(d.sizeGb, s.diskSizeGb)
}

// diskName returns the name of a VM's disk. By default the boot disk has the
// VM's name; another disk's name is the VM's followed by the device's.
func diskName(v *vm, spec *computepb.AttachedDisk) string {
	name := cmp.Or(lastSegment(spec.GetSource()), spec.GetInitializeParams().GetDiskName())
	switch {
	case name != "":
		return name
	case spec.GetBoot():
		return v.name
	}
	return v.name + "-" + spec.GetDeviceName()
}

// detachDisks detaches all disks of an instance that is removed, and deletes
// those with autoDelete.
func (c *Cloud) detachDisks(v *vm) {
	for _, a := range v.disks {
		a.disk.user = nil
		if a.autoDelete {
			v.zone.disks.remove(a.disk.name)
		}
	}
	v.disks = nil
}

func (v *vm) attachedDisks() []map[string]any {
	out := make([]map[string]any, 0, len(v.disks))
	for i, a := range v.disks {
		out = append(out, map[string]any{
			"kind": "compute#attachedDisk", "type": "PERSISTENT", "mode": "READ_WRITE",
			"index": i, "boot": a.boot, "autoDelete": a.autoDelete, "deviceName": a.deviceName,
			"source": a.disk.link(), "diskSizeGb": strconv.FormatInt(a.disk.sizeGb, 10), "interface": "SCSI",
		})
	}
	return out
}
