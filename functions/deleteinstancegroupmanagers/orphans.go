package deleteinstancegroupmanagers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/catalog"
	"github.com/gce-backend/gce-backend/shared/compute"
	"github.com/gce-backend/gce-backend/shared/entities"
	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/orphan"
)

// orphans deletes groups that carry our label and that no manager accounts
// for, in the projects that the suite works in.
func (r deleter) orphans(ctx context.Context, managers []entities.Manager, freeze fleet.Freeze) error {
	if len(freeze) > 0 {
		return nil // whose an orphan was cannot be told
	}
	found := map[string]compute.GroupRef{}
	for _, project := range projectsOf(managers) {
		groups, err := r.d.Compute.Groups(ctx, project)
		if err != nil {
			return fmt.Errorf("list the groups of project %s: %w", project, err)
		}
		for _, group := range groups {
			if group.Labels[compute.OwnershipLabel] == r.d.Deployment {
				found[nameOf(group.GroupRef)] = group.GroupRef
			}
		}
	}
	account(found, managers)
	if len(found) > 0 { // read again: one of them may have been made meanwhile
		now, err := r.e.Managers(ctx)
		if err != nil {
			return err
		}
		account(found, now)
	}
	names := slices.Sorted(maps.Keys(found))
	ready, err := orphan.Confirmed(ctx, r.e, "group", names, r.d.Now())
	errs := []error{err}
	for _, name := range ready {
		errs = append(errs, r.deleteOrphan(ctx, found[name]))
	}
	return job.Joined(errs...)
}

// account takes the groups out that a manager accounts for.
func account(found map[string]compute.GroupRef, managers []entities.Manager) {
	for _, manager := range managers {
		delete(found, nameOf(refOf(manager.Value)))
	}
}

func projectsOf(managers []entities.Manager) []string {
	var projects []string
	for _, manager := range managers {
		if !slices.Contains(projects, manager.Value.Project) {
			projects = append(projects, manager.Value.Project)
		}
	}
	slices.Sort(projects)
	return projects
}

// deleteOrphan deletes an orphaned group, unless it has VMs that the catalog
// knows: those belong to somebody.
func (r deleter) deleteOrphan(ctx context.Context, ref compute.GroupRef) error {
	vms, err := r.d.Compute.VMs(ctx, ref)
	if failure.Is(err, failure.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the VMs of orphaned group %s: %w", nameOf(ref), err)
	}
	hostnames := make([]string, len(vms))
	for i, vm := range vms {
		hostnames[i] = vm.Name
	}
	if len(hostnames) > 0 {
		machines, err := r.d.Catalog.Get(ctx, hostnames...)
		if err != nil {
			return fmt.Errorf("ask the catalog for the VMs of orphaned group %s: %w", nameOf(ref), err)
		}
		for _, machine := range machines {
			if !isNotFound(machine.Err) {
				r.run.Log.Error(fmt.Sprintf("orphaned group %s is kept, because the catalog may have its VM %s: its records are lost; restore them, or remove the machine from the catalog", nameOf(ref), machine.Hostname),
					"event", "ORPHAN_KEPT", "group", ref.Name, "zone", ref.Zone, "project", ref.Project)
				return nil
			}
		}
	}
	err = r.d.Compute.DeleteGroup(ctx, ref, fleet.RequestID("delete orphaned group", r.d.Deployment, nameOf(ref), fleet.Attempt(r.d.Now(), time.Time{})))
	if err != nil && !failure.Is(err, failure.NotFound) {
		return fmt.Errorf("delete orphaned group %s: %w", nameOf(ref), err)
	}
	r.run.Log.Warn("deleted orphaned group "+nameOf(ref), "event", "ORPHAN_DELETED")
	return nil
}

func nameOf(ref compute.GroupRef) string { return ref.Project + "/" + ref.Zone + "/" + ref.Name }

func isNotFound(err error) bool { return errors.Is(err, catalog.ErrNotFound) }
