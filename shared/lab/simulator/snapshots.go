package simulator

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
)

const snapshotReady = "READY"

// Snapshot is the argument of CreateSnapshot.
type Snapshot struct {
	Project    string            `json:"project"`
	Name       string            `json:"name"`
	Labels     map[string]string `json:"labels,omitempty"`
	DiskSizeGb int64             `json:"diskSizeGb,omitempty"` // 10 when zero
	Status     string            `json:"status,omitempty"`     // READY when empty
	SourceDisk string            `json:"sourceDisk,omitempty"`
	// A zero Created means now.
	Created time.Time `json:"created,omitzero"`
}

type snapshot struct {
	meta
	project    *project
	status     string
	body       map[string]any
	diskSizeGb int64
	used       []time.Time // the latest creations from it, at most snapshotBurst
}

func (s *snapshot) path() string { return s.project.globalPath("snapshots", s.name) }
func (s *snapshot) link() string { return linkPrefix + s.path() }

func (s *snapshot) json() map[string]any {
	m := merged(s.body, map[string]any{
		"kind": "compute#snapshot", "id": idString(s.id), "name": s.name, "status": s.status,
		"creationTimestamp": timestamp(s.created), "selfLink": s.link(),
		"diskSizeGb": strconv.FormatInt(s.diskSizeGb, 10), "storageBytes": "0", "storageBytesStatus": "UP_TO_DATE",
		"labelFingerprint": contentFingerprint(s.body["labels"]),
	})
	set(m, "snapshotType", "STANDARD")
	set(m, "storageLocations", []string{"us"})
	return m
}

// CreateSnapshot adds a snapshot or replaces one.
func (c *Cloud) CreateSnapshot(s Snapshot) error {
	if err := checkName("name", s.Name); err != nil {
		return fmt.Errorf("create a snapshot: %w", err)
	}
	c.locked(func() {
		p := c.project(s.Project)
		made := &snapshot{meta: c.newMeta(s.Name), project: p, status: cmp.Or(s.Status, snapshotReady),
			body: map[string]any{}, diskSizeGb: cmp.Or(s.DiskSizeGb, defaultDiskGb)}
		if !s.Created.IsZero() {
			made.created = s.Created
		}
		if len(s.Labels) > 0 {
			made.body["labels"] = s.Labels
		}
		if s.SourceDisk != "" {
			made.body["sourceDisk"] = s.SourceDisk
		}
		p.snapshots.add(made)
	})
	return nil
}

var snapshots = kind[*snapshot]{collection: "snapshots", name: "snapshot", place: inGlobal,
	in: func(c *Cloud, project, _ string) lister[*snapshot] { return c.project(project).snapshots }}

func (c *Cloud) snapshotRoutes() []route {
	return []route{
		snapshots.listRoute(c), snapshots.getRoute(c),
		c.change("snapshots.insert", c.insertSnapshot),
		c.change("disks.createSnapshot", c.createSnapshot),
		c.change("snapshots.delete", c.deleteSnapshot),
		c.change("snapshots.setLabels", c.setSnapshotLabels),
	}
}

// resolveSnapshot finds the snapshot that a field of a body refers to.
func (c *Cloud) resolveSnapshot(p *project, field, url string) (*snapshot, error) {
	ref, err := p.resolve(field, url, "snapshots")
	if err != nil {
		return nil, err
	}
	s, ok := c.project(ref.project).snapshots.find(ref.name)
	if !ok {
		return nil, notFound(withoutPrefix(ref.link()))
	}
	return s, nil
}

// The limit on creations from one snapshot: six in an hour, which may all come
// at once. That is one every ten minutes on average. Sources:
// cloud.google.com/compute/docs/disks/create-disk-from-source and, for images,
// cloud.google.com/compute/docs/images/create-custom.
const (
	snapshotBurst  = 6
	snapshotPeriod = time.Hour
)

// take reports whether something may be created from the snapshot now, and if so
// counts it.
func (s *snapshot) take(c *Cloud) bool {
	if c.opts.NoSnapshotLimit {
		return true
	}
	if len(s.used) == snapshotBurst {
		if c.clock.Sub(s.used[0]) < snapshotPeriod {
			return false
		}
		s.used = s.used[1:]
	}
	s.used = append(s.used, c.clock)
	return true
}

// rateExceeded is the error when the limit is exceeded, as in
// kubernetes-sigs/gcp-compute-persistent-disk-csi-driver pull request 1847.
func (s *snapshot) rateExceeded() *OperationError {
	return &OperationError{Code: "RESOURCE_OPERATION_RATE_EXCEEDED", Message: fmt.Sprintf(
		"Operation rate exceeded for resource '%s'. Too frequent operations from the source resource.", s.path())}
}

func (c *Cloud) insertSnapshot(r *Request) (*operation, error) {
	var m computepb.Snapshot
	body, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	if m.GetSourceDisk() == "" {
		return nil, required("resource.sourceDisk")
	}
	d, err := c.resolveDisk(c.project(r.Project), "resource.sourceDisk", m.GetSourceDisk())
	if err != nil {
		return nil, err
	}
	return c.snapshotOf(r, d, &m, body)
}

func (c *Cloud) createSnapshot(r *Request) (*operation, error) {
	d, err := disks.find(c, r)
	if err != nil {
		return nil, err
	}
	var m computepb.Snapshot
	body, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	return c.snapshotOf(r, d, &m, body)
}

func (c *Cloud) snapshotOf(r *Request, d *disk, m *computepb.Snapshot, body map[string]any) (*operation, error) {
	if err := checkNamed(m.GetName(), m.GetLabels()); err != nil {
		return nil, err
	}
	s := &snapshot{meta: c.newMeta(m.GetName()), project: c.project(r.Project), status: "CREATING", body: pruned(body), diskSizeGb: d.sizeGb}
	if _, taken := s.project.snapshots.get(s.name); taken {
		return nil, alreadyExists(s.path())
	}
	s.body["sourceDisk"], s.body["sourceDiskId"] = d.link(), idString(d.id)
	s.project.snapshots.add(s)
	return c.start(r, operationSpec{kind: "createSnapshot", targetLink: s.link(), targetID: s.id, queued: true,
		apply: func() { s.status = snapshotReady },
		undo:  func() { s.project.snapshots.remove(s.name) }}), nil
}

func (c *Cloud) deleteSnapshot(r *Request) (*operation, error) {
	s, err := snapshots.find(c, r)
	if err != nil {
		return nil, err
	}
	return c.start(r, operationSpec{kind: "delete", targetLink: s.link(), targetID: s.id,
		apply: func() { s.project.snapshots.remove(s.name) }}), nil
}

func (c *Cloud) setSnapshotLabels(r *Request) (*operation, error) {
	s, err := snapshots.find(c, r)
	if err != nil {
		return nil, err
	}
	return c.setLabels(r, s.link(), s.id, &s.body)
}
