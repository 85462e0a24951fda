// Package resource creates and deletes the Compute Engine resources of the
// fleet's records: a manager's group and a revision's instance template. Both
// kinds go through the same steps, which are in create.go, delete.go and
// orphan.go.
package resource

import (
	"context"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

// Resource is a group or an instance template, as a record describes it or as
// Compute Engine reports it.
type Resource struct {
	Project, Zone, Name string // an instance template has no zone
	fleet.Resource

	// From the record.
	BaseName, Revision string
	Spec               fleet.TemplateSpec // of an instance template
	Written            time.Time          // when the record was last written

	// From Compute Engine.
	Labels     map[string]string
	TargetSize int // of a group
	// Snapshot is the URL of the snapshot in an instance template.
	Snapshot string
}

// String returns the path that identifies the resource among those of its kind.
func (r Resource) String() string {
	if r.Zone == "" {
		return r.Project + "/" + r.Name
	}
	return r.Project + "/" + r.Zone + "/" + r.Name
}

// sentence describes the resource in an error.
func (r Resource) sentence() string {
	if r.Zone == "" {
		return "instance template " + r.Name + " in project " + r.Project
	}
	return "group " + r.Name + " in " + r.Project + "/" + r.Zone
}

// deletion returns the command with which a person deletes the resource.
func (r Resource) deletion() string {
	if r.Zone == "" {
		return fmt.Sprintf("gcloud compute instance-templates delete %s --project=%s", r.Name, r.Project)
	}
	return fmt.Sprintf("gcloud compute instance-groups managed delete %s --zone=%s --project=%s", r.Name, r.Zone, r.Project)
}

// Key names the record: a manager, or a revision if there is no zone.
func (r Resource) Key() fleet.ManagerKey {
	return fleet.ManagerKey{BaseName: r.BaseName, Revision: r.Revision, Zone: r.Zone}
}

// attrs returns log attributes that name the record.
func (r Resource) attrs() []any {
	if r.Zone == "" {
		return []any{"base_name", r.BaseName, "revision", r.Revision}
	}
	return job.ManagerAttrs(r.Key())
}

// Kind is a kind of resource: how its records are read and changed, and which
// requests it sends to Compute Engine.
type Kind struct {
	run job.Run

	name  string // in records and log attributes
	text  string // in sentences
	until string // when an adopted orphan is deleted

	// missing, drained and all read the records: those that are active without
	// a resource, those that are drained, and all that can be read.
	missing, drained, all func(context.Context) ([]Resource, error)
	// every reads all records; one that cannot be read is an error.
	every func(context.Context) ([]Resource, error)
	// change applies decide to the resource's current record; decide returns
	// false to leave the record as it is. If decide sets the URL, the
	// resource's snapshot is recorded with it.
	change func(_ context.Context, _ Resource, decide func(fleet.Resource) (fleet.Resource, bool)) (bool, error)
	// adopt creates the record of a resource. It returns false if the resource
	// has one.
	adopt func(context.Context, Resource) (bool, error)

	// get reads the resource from Compute Engine.
	get func(context.Context, Resource) (Resource, error)
	// list lists the resources of a project: all of them, or an error.
	list func(ctx context.Context, project string) ([]Resource, error)
	// remove asks for the deletion; by makes the request id unique.
	remove func(_ context.Context, _ Resource, by string) error
}

// Announce publishes the fact that a resource was created or deleted.
type Announce func(context.Context, event.Scope) error

// covers reports whether the run's scope covers a resource. A template has
// no zone, and a scope covers it with all revisions of its base name.
func (k Kind) covers(r Resource) bool {
	if r.Zone == "" {
		return k.run.Scope.BaseName == "" || k.run.Scope.BaseName == r.BaseName
	}
	return k.run.Covers(r.Key())
}

// record writes a resource's URL to its record, if the record has none and may
// returns true for it.
func (k Kind) record(ctx context.Context, r Resource, may func(fleet.Resource) bool) error {
	_, err := k.change(ctx, r, func(now fleet.Resource) (fleet.Resource, bool) {
		if now.URL != "" || !may(now) {
			return now, false
		}
		now.URL = r.URL
		return now, true
	})
	return err
}

// reader returns a function that converts records to resources.
func reader[T any](of func(T) Resource) func([]store.Stored[T], error) ([]Resource, error) {
	return func(records []store.Stored[T], err error) ([]Resource, error) {
		return convert(records, func(record store.Stored[T]) Resource {
			resource := of(record.Value)
			resource.Written = record.Document.Version.Time
			return resource
		}), err
	}
}

func baseName(r Resource) string { return r.BaseName }

func convert[T any](all []T, of func(T) Resource) []Resource {
	resources := make([]Resource, len(all))
	for i, one := range all {
		resources[i] = of(one)
	}
	return resources
}
