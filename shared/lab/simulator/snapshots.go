package simulator

import (
	"fmt"
	"strconv"
	"time"
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
	// Created is now when zero.
	Created time.Time `json:"created,omitzero"`
}

type snapshot struct {
	meta
	project    *project
	status     string
	labels     map[string]string
	diskSizeGb int64
	sourceDisk string
}

func (s *snapshot) link() string { return linkPrefix + s.project.globalPath("snapshots", s.name) }

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

// CreateSnapshot adds a snapshot or replaces one.
func (c *Cloud) CreateSnapshot(s Snapshot) error {
	if err := checkName("name", s.Name); err != nil {
		return fmt.Errorf("create a snapshot: %w", err)
	}
	c.locked(func() {
		p := c.project(s.Project)
		made := &snapshot{meta: c.newMeta(s.Name), project: p, status: s.Status,
			labels: s.Labels, diskSizeGb: s.DiskSizeGb, sourceDisk: s.SourceDisk}
		if !s.Created.IsZero() {
			made.created = s.Created
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

var snapshots = kind[*snapshot]{collection: "snapshots", name: "snapshot", place: inGlobal,
	in: func(c *Cloud, project, _ string) lister[*snapshot] { return c.project(project).snapshots }}
