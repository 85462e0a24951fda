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

// Engine is Compute Engine. Every method has a deadline of its own, stays
// inside the client-side request limit, and returns errors that carry a
// failure.Class. Methods that change something wait until the operation is
// done; an operation that ended in an error is an *OperationError.
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
	// Pending names the operation, insert or delete, that is still under way on
	// the group; empty where there is none.
	Pending(ctx context.Context, ref GroupRef) (string, error)
	ResizeGroup(ctx context.Context, ref GroupRef, size int, requestID string) error
	DeleteGroup(ctx context.Context, ref GroupRef, requestID string) error

	// VMs lists the group's managed instances, all pages. When a page fails it
	// returns what it has seen together with the error: such a listing must
	// not be read as "the others are gone".
	VMs(ctx context.Context, ref GroupRef) ([]VM, error)
	// DeleteVMs deletes VMs of the group, at most 1,000, lowering its target
	// size; those that are not its members are skipped. Accepted is not
	// deleted.
	DeleteVMs(ctx context.Context, ref GroupRef, urls []string, requestID string) error

	// Snapshots lists the project's READY snapshots with this name (any when
	// empty) and all these labels, newest first.
	Snapshots(ctx context.Context, project, name string, labels map[string]string) ([]Snapshot, error)
}

// MaxDeletions is the number of VMs that one DeleteVMs may name, after
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
	// Actions counts the group's VMs by what is being done to them; nil if
	// Compute Engine did not count them, which is not the same as no VMs.
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
	ID     string // Compute Engine's numeric id; empty while it does not have one
	URL    string
	Status string // PROVISIONING, STAGING, RUNNING, STOPPING, …; empty while it does not exist
	Action string // NONE, CREATING, DELETING, …
	// LastError is the code of the last attempt's error, such as
	// ZONE_RESOURCE_POOL_EXHAUSTED, and LastMessage its text.
	LastError, LastMessage string
}

// Running reports whether the VM is up and nothing is being done to it.
func (vm VM) Running() bool {
	return vm.Status == "RUNNING" && !vm.Changing()
}

// Changing reports whether something is being done to the VM.
func (vm VM) Changing() bool { return vm.Action != "NONE" && vm.Action != "VERIFYING" }

// Stopped reports whether the VM came to a stop that nobody here asked for.
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
