// Package fleet is the domain: templates, their revisions, the managers of
// their groups, the instances in them, and every decision about them. It is
// pure — standard library only, time comes in as an argument — so that each
// state × event can be tested.
package fleet

import (
	"fmt"
	"time"
)

// State is the state of a revision or a manager.
type State string

// An Active record is configured and kept up. A Drained one is not configured
// any more and is removed, in the order VM, group, template, records.
const (
	Active  State = "active"
	Drained State = "drained"
)

// TemplateRecord is a template by its base name. It names the configured
// revision.
type TemplateRecord struct {
	BaseName string `firestore:"baseName"`
	// ActiveRevision is empty when the template is not configured any more.
	ActiveRevision string `firestore:"activeRevision"`
	// Digest is the hash of the configuration from which the template's records
	// were last built. As long as it matches there is nothing to build.
	Digest string `firestore:"digest"`
}

// Resource is the part of a revision or a manager that tracks its resource in
// Compute Engine: an instance template or a group.
type Resource struct {
	State State `firestore:"state"`
	// URL of the resource in Compute Engine; empty while there is none.
	URL string `firestore:"url"`
	// Deleting is set before the resource is deleted. The record cannot become
	// active again until its URL is cleared. Deletion is the claim to delete
	// it.
	Deleting bool          `firestore:"deleting,omitempty"`
	Deletion DeletionClaim `firestore:"deletion,omitempty"`
	// DrainedAt is when the record stopped being active.
	DrainedAt time.Time `firestore:"drainedAt,omitempty"`
}

// Revision is one set of an instance template's fields.
type Revision struct {
	BaseName string       `firestore:"baseName"`
	ID       string       `firestore:"revision"`
	Spec     TemplateSpec `firestore:"spec"`
	Resource              // the instance template
	// SnapshotURL is the snapshot that the template was created with.
	SnapshotURL string `firestore:"snapshotUrl,omitempty"`
}

// TemplateName returns the name of the revision's instance template and of its
// groups.
func (r Revision) TemplateName() string { return TemplateName(r.BaseName, r.ID) }

// Manager keeps the group of a revision's VMs in one zone.
type Manager struct {
	BaseName    string `firestore:"baseName"`
	Revision    string `firestore:"revision"`
	Zone        string `firestore:"zone"`
	Project     string `firestore:"project"`
	MinimumSize int    `firestore:"minimumSize"`
	MaximumSize int    `firestore:"maximumSize"`
	Resource           // the managed instance group
	// Size is the number of VMs at the last fetch.
	Size int `firestore:"size"`
	// Claim is the last requested resize.
	Claim ResizeClaim `firestore:"claim"`
	// Trouble is the error that keeps Compute Engine from creating the group's
	// VMs.
	Trouble Trouble `firestore:"trouble,omitempty"`
}

// Trouble is an error with which Compute Engine fails to create VMs.
type Trouble struct {
	// Code is Compute Engine's error code, such as
	// ZONE_RESOURCE_POOL_EXHAUSTED; empty for no error.
	Code  string    `firestore:"code,omitempty"`
	Since time.Time `firestore:"since,omitempty"`
}

// See returns the trouble after a look at the group. code is the error that its
// VMs have now, "" for none.
func (t Trouble) See(code string, now time.Time) Trouble {
	switch code {
	case t.Code:
		return t
	case "":
		return Trouble{}
	}
	return Trouble{Code: code, Since: now}
}

// Key returns the manager's key, which names it in messages, in logs and on its
// instances.
func (m Manager) Key() ManagerKey {
	return ManagerKey{BaseName: m.BaseName, Revision: m.Revision, Zone: m.Zone}
}

// WithoutGroup returns the manager of a group that is gone.
func (m Manager) WithoutGroup() Manager {
	m.URL, m.Size, m.Claim = "", 0, ResizeClaim{}
	return m
}

// GroupName returns the name of the manager's group.
func (m Manager) GroupName() string { return TemplateName(m.BaseName, m.Revision) }

// ManagerKey identifies a manager.
type ManagerKey struct{ BaseName, Revision, Zone string }

// Pool returns the key of the manager's pool.
func (k ManagerKey) Pool() PoolKey { return PoolKey{BaseName: k.BaseName, Zone: k.Zone} }

func (k ManagerKey) String() string {
	return fmt.Sprintf("%s/%s/%s", k.BaseName, k.Revision, k.Zone)
}
