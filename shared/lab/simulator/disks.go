package simulator

import (
	"strconv"
	"time"
)

// disk is a persistent disk of a zone.
type disk struct {
	zone     *zone
	name     string
	id       uint64
	created  time.Time
	sizeGb   int64
	kind     string // pd-standard, pd-ssd, …
	image    string
	snapshot *snapshot
	labels   map[string]string
	user     *vm // what it is attached to
}

// attachment is a disk in a VM.
type attachment struct {
	disk       *disk
	boot       bool
	autoDelete bool
	deviceName string
}

func (d *disk) key() string          { return d.name }
func (d *disk) createdAt() time.Time { return d.created }
func (d *disk) path() string         { return d.zone.path("disks", d.name) }
func (d *disk) link() string         { return linkPrefix + d.path() }

func (d *disk) json() map[string]any {
	m := map[string]any{
		"kind": "compute#disk", "id": idString(d.id), "name": d.name, "status": "READY",
		"creationTimestamp": timestamp(d.created), "selfLink": d.link(), "zone": d.zone.link(),
		"sizeGb": strconv.FormatInt(d.sizeGb, 10), "type": d.zone.link() + "/diskTypes/" + d.kind,
		"labelFingerprint": contentFingerprint(d.labels), "physicalBlockSizeBytes": "4096",
	}
	if d.image != "" {
		m["sourceImage"] = d.image
	}
	if d.snapshot != nil {
		m["sourceSnapshot"] = d.snapshot.link()
		m["sourceSnapshotId"] = idString(d.snapshot.id)
	}
	if len(d.labels) > 0 {
		m["labels"] = d.labels
	}
	if d.user != nil {
		m["users"] = []string{d.user.link()}
	}
	return m
}

const defaultDiskGb = 10

// attachDisks gives a new instance its disks: all of them or, with the reasons,
// none.
func (c *Cloud) attachDisks(v *vm) []OperationError {
	if v.template == nil {
		return nil
	}
	var attached []*attachment
	for _, spec := range v.template.vm.disks {
		d, problem := c.diskFor(v, spec)
		if problem != nil {
			return []OperationError{*problem}
		}
		attached = append(attached, &attachment{disk: d, boot: spec.boot,
			autoDelete: spec.autoDelete, deviceName: spec.deviceName})
	}
	for _, a := range attached {
		a.disk.user = v
		v.zone.disks.add(a.disk)
	}
	v.disks = attached
	return nil
}

// diskFor finds or makes a disk of a template for a VM.
func (c *Cloud) diskFor(v *vm, spec diskSpec) (*disk, *OperationError) {
	name := spec.diskName(v.name)
	d, found := v.zone.disks.get(name)
	switch {
	case found && d.user != nil:
		e := inUse("disk", d.path(), d.user.path())
		return nil, &OperationError{Code: "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", Message: e.Message}
	case found:
		return d, nil
	case spec.source != "":
		return nil, &OperationError{Code: "RESOURCE_NOT_FOUND", Message: notFound(v.zone.path("disks", name)).Message}
	}
	d = &disk{zone: v.zone, name: name, id: c.newID(), created: c.clock, sizeGb: spec.sizeGb,
		kind: spec.diskType, image: spec.image, labels: spec.labels}
	if spec.snapshot != "" {
		s, ok := v.zone.project.snapshots.get(lastSegment(spec.snapshot))
		if !ok || s.status != snapshotReady {
			path := v.zone.project.globalPath("snapshots", lastSegment(spec.snapshot))
			return nil, &OperationError{Code: "RESOURCE_NOT_FOUND", Message: notFound(path).Message}
		}
		d.snapshot = s
		d.sizeGb = max(d.sizeGb, s.diskSizeGb)
	}
	d.setDefaults()
	return d, nil
}

func (d *disk) setDefaults() {
	if d.sizeGb == 0 {
		d.sizeGb = defaultDiskGb
	}
	if d.kind == "" {
		d.kind = "pd-standard"
	}
}

// diskName: the boot disk has the VM's name, another one the device's behind it.
func (s diskSpec) diskName(vmName string) string {
	switch {
	case s.source != "":
		return s.source
	case s.name != "":
		return s.name
	case s.boot:
		return vmName
	}
	return vmName + "-" + s.deviceName
}

// detachDisks removes with the instance what is set to go with it.
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
