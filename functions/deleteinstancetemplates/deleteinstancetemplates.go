// Package deleteinstancetemplates is the job delete-instance-templates: it
// deletes the instance template of each drained revision whose groups are
// gone, and templates of ours that no record accounts for.
//
// Triggered by managers-deleted, by config-processed (a template that has no
// group) and each minute; announces templates-deleted.
package deleteinstancetemplates

import (
	"context"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/resource"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is delete-instance-templates.
var Job = job.Job{Name: "delete-instance-templates", Decode: event.OfTemplates, New: job.Stateless(sweep)}

func sweep(ctx context.Context, run job.Run) error {
	unused := func(ctx context.Context, r resource.Resource) (bool, error) {
		managers, err := run.Records.ManagersOfRevision(ctx, r.BaseName, r.Revision)
		hasGroup := slices.ContainsFunc(managers, func(m records.Manager) bool { return m.Value.URL != "" })
		return err == nil && !hasGroup, err
	}
	return resource.Templates(run).Delete(ctx, unused, func(ctx context.Context, scope event.Scope) error {
		return run.Announce(ctx, "templates-deleted", scope)
	})
}
