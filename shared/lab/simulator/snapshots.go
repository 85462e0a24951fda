package simulator

import (
	"fmt"
	"strconv"
	"time"
)

const snapshotReady = "READY"

// Snapshot is what CreateSnapshot makes.
type Snapshot struct {
	Project    string            `json:"project"`
	Name       string            `json:"name"`
	Labels     map[string]string `json:"labels,omitempty"`
	DiskSizeGb int64             `json:"diskSizeGb,omitempty"` // 10 when zero
	Status     string            `json:"status,omitempty"`     // READY when empty
	SourceDisk string            `json:"sourceDisk,omitempty"`
	// Created is now when zero.
	Created time.Time `json:"created,omitzero"`
}

type snapshot struct {
	project    *project
	name       string
	id         uint64
	created    time.Time
	status     string
	labels     map[string]string
	diskSizeGb int64
	sourceDisk string
}

func (s *snapshot) key() string          { return s.name }
func (s *snapshot) createdAt() time.Time { return s.created }
func (s *snapshot) link() string         { return linkPrefix + s.project.globalPath("snapshots", s.name) }

func (s *snapshot) json() map[string]any {
	m := map[string]any{
		"kind": "compute#snapshot", "id": idString(s.id), "name": s.name, "status": s.status,
		"creationTimestamp": timestamp(s.created), "selfLink": s.link(),
		"diskSizeGb": strconv.FormatInt(s.diskSizeGb, 10), "storageBytes": "0",
		"labelFingerprint": contentFingerprint(s.labels),
	}
	if len(s.labels) > 0 {
		m["labels"] = s.labels
	}
	if s.sourceDisk != "" {
		m["sourceDisk"] = s.sourceDisk
	}
	return m
}

// CreateSnapshot adds a snapshot, or replaces the one of its name.
func (c *Cloud) CreateSnapshot(s Snapshot) error {
	if err := checkName("name", s.Name); err != nil {
		return fmt.Errorf("create a snapshot: %w", err)
	}
	c.locked(func() {
		p := c.project(s.Project)
		made := &snapshot{project: p, name: s.Name, id: c.newID(), created: s.Created, status: s.Status,
			labels: s.Labels, diskSizeGb: s.DiskSizeGb, sourceDisk: s.SourceDisk}
		if made.created.IsZero() {
			made.created = c.clock
		}
		if made.status == "" {
			made.status = snapshotReady
		}
		if made.diskSizeGb == 0 {
			made.diskSizeGb = defaultDiskGb
		}
		p.snapshots.add(made)
	})
	return nil
}

func (c *Cloud) listSnapshots(r *Request) (any, error) {
	path := "projects/" + r.Project + "/global/snapshots"
	return listOf(r, listSpec{kind: "compute#snapshotList", id: path, link: linkPrefix + path},
		c.project(r.Project).snapshots.all())
}

func (c *Cloud) getSnapshot(r *Request) (any, error) {
	p := c.project(r.Project)
	if s, ok := p.snapshots.get(r.Name); ok {
		return s.json(), nil
	}
	return nil, notFound(p.globalPath("snapshots", r.Name))
}
