package job

import (
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Events in the life of a machine, each a log line of one fixed form.
const (
	Created           = "CREATED"            // its record was made
	CatalogedEvent    = "CATALOGED"          // it is offered
	DeletionProposed  = "DELETION_PROPOSED"  // it is pending deletion
	DeletionScheduled = "DELETION_SCHEDULED" // Compute Engine was asked to delete it
	DeletionSucceeded = "DELETION_SUCCEEDED" // its VM was seen to be gone
	DeletedEvent      = "DELETED"            // its record was removed
)

// Life logs an event in the life of a machine.
func (r Run) Life(event string, instances ...fleet.Instance) {
	for _, i := range instances {
		attrs := []any{"event", event, "hostname", i.Hostname, "instance_id", i.ID,
			"base_name", i.BaseName, "revision", i.Revision, "zone", i.Zone, "project", i.Project}
		if i.Reason != "" {
			attrs = append(attrs, "reason", i.Reason)
		}
		r.Log.Info(event+" "+i.Hostname, attrs...)
	}
}

// ManagerAttrs are log attributes that name a manager.
func ManagerAttrs(key fleet.ManagerKey) []any {
	return []any{"base_name", key.BaseName, "revision", key.Revision, "zone", key.Zone}
}
