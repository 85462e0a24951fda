// Package compute is the contract with Compute Engine, in the fleet's terms. The
// properties of a template are Compute Engine's own message, because a type of
// our own would repeat each of its fields. The implementation over the REST API
// is in compute/rest.
package compute

import (
	"context"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// Engine is Compute Engine. Every method has its own deadline, stays within the
// client-side request limit, and returns errors that carry a failure.Class.
// Methods that change something wait until the operation is done; if the
// operation ended in an error, they return an *OperationError.
type Engine interface {
	Template(ctx context.Context, project, name string) (Template, error)
	// Templates lists the instance templates that carry the ownership label.
	Templates(ctx context.Context, project string) ([]Template, error)
	InsertTemplate(ctx context.Context, template Template, requestID string) error
	DeleteTemplate(ctx context.Context, project, name, requestID string) error

	Group(ctx context.Context, ref GroupRef) (Group, error)
	// Groups lists the project's managed instance groups in all zones, in one
	// aggregated list.
	Groups(ctx context.Context, project string) ([]Group, error)
	InsertGroup(ctx context.Context, group NewGroup, requestID string) error
	// Pending returns insert or delete if such an operation on the group is
	// still under way; otherwise it is empty.
	Pending(ctx context.Context, ref GroupRef) (string, error)
	ResizeGroup(ctx context.Context, ref GroupRef, size int, requestID string) error
	DeleteGroup(ctx context.Context, ref GroupRef, requestID string) error

	// VMs lists the group's managed instances, all pages. If a page fails, it
	// returns the VMs that it has seen together with the error: a VM that is
	// not in such a listing may still exist.
	VMs(ctx context.Context, ref GroupRef) ([]VM, error)
	// DeleteVMs requests the deletion of VMs of the group, at most
	// MaxDeletions, and lowers the group's target size. It skips VMs that are
	// not members of the group. When it returns, the VMs are not deleted yet.
	DeleteVMs(ctx context.Context, ref GroupRef, urls []string, requestID string) error

	// Snapshots lists the project's READY snapshots with this name (any name if
	// it is empty) and all these labels, newest first.
	Snapshots(ctx context.Context, project, name string, labels map[string]string) ([]Snapshot, error)
}

// MaxDeletions is the number of VMs that one DeleteVMs may name, the limit of
// instanceGroupManagers.deleteInstances.
const MaxDeletions = 1000

// GroupRef names a zonal managed instance group.
type GroupRef struct{ Project, Zone, Name string }

// Template is an instance template.
type Template struct {
	Project, Name string
	URL           string // filled in by Compute Engine
	Properties    *computepb.InstanceProperties
}

// NewGroup is a managed instance group to create, at size 0.
type NewGroup struct {
	GroupRef
	TemplateURL      string
	BaseInstanceName string
	Labels           map[string]string
}

// Group is a managed instance group as Compute Engine reports it.
type Group struct {
	GroupRef
	URL         string
	TemplateURL string
	Labels      map[string]string
	Created     time.Time
	TargetSize  int
	// Actions counts the group's VMs by their current action; nil if Compute
	// Engine did not return the counts, which does not mean that there are no
	// VMs.
	Actions *Actions
}

// Actions counts a group's VMs by currentAction.
type Actions struct {
	None, Creating, Deleting, Abandoning, Other int
}

// Total counts the VMs that exist or are being made.
func (a Actions) Total() int { return a.None + a.Creating + a.Deleting + a.Abandoning + a.Other }

// VM is a managed instance.
type VM struct {
	Name   string
	ID     string // Compute Engine's numeric id; empty while the VM has none
	URL    string
	Status string // PROVISIONING, STAGING, RUNNING, STOPPING, …; empty while the VM does not exist
	Action string // NONE, CREATING, DELETING, …
	// LastError is the error code of the last attempt, such as
	// ZONE_RESOURCE_POOL_EXHAUSTED, and LastMessage is its text.
	LastError, LastMessage string
}

// Running reports whether the VM is up and no action on it is under way.
func (vm VM) Running() bool {
	return vm.Status == "RUNNING" && !vm.Changing()
}

// Changing reports whether an action on the VM is under way.
func (vm VM) Changing() bool { return vm.Action != "NONE" && vm.Action != "VERIFYING" }

// Stopped reports whether the VM stopped without a request of the suite.
func (vm VM) Stopped() bool {
	switch vm.Status {
	case "STOPPING", "STOPPED", "TERMINATED", "SUSPENDING", "SUSPENDED":
		return vm.Action != "DELETING"
	}
	return false
}

// Snapshot is a disk snapshot.
type Snapshot struct {
	Name, URL string
	Created   time.Time
}
