package deleteinstancegroupmanagers

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
	"github.com/gce-backend/gce-backend/shared/records/orphan"
)

// orphans deletes groups that carry our label and that no manager accounts
// for, in the projects that the suite works in.
func (r deleter) orphans(ctx context.Context, managers []records.Manager, freeze fleet.Freeze) error {
	if len(freeze) > 0 {
		return nil // whose an orphan was cannot be told
	}
	projects, err := r.e.Projects(ctx)
	if err != nil {
		return err
	}
	used := projectsOf(managers)
	found := map[string]compute.Group{}
	for _, project := range union(used, projects) {
		groups, err := r.d.Compute.Groups(ctx, project)
		if err != nil && !slices.Contains(used, project) && !failure.Is(err, failure.Transient) {
			r.run.Log.Info("project " + project + ", which is not used any more, is not searched for orphans: " + err.Error())
			continue
		}
		if err != nil {
			return fmt.Errorf("list the groups of project %s: %w", project, err)
		}
		for _, group := range groups {
			if group.Labels[compute.OwnershipLabel] == r.d.Deployment {
				found[nameOf(group.GroupRef)] = group
			}
		}
	}
	account(found, managers)
	if len(found) > 0 { // read again: one of them may have been made meanwhile, or its record set aside
		now, err := r.e.EveryManager(ctx)
		if err != nil {
			return err
		}
		account(found, now)
	}
	names := slices.Sorted(maps.Keys(found))
	ready, err := orphan.Confirmed(ctx, r.e, "group", names, r.d.Now())
	errs := []error{err}
	for _, name := range ready {
		errs = append(errs, r.adoptOrphan(ctx, found[name]))
	}
	return job.Joined(errs...)
}

// account takes the groups out that a manager accounts for.
func account(found map[string]compute.Group, managers []records.Manager) {
	for _, manager := range managers {
		delete(found, nameOf(refOf(manager.Value)))
	}
}

// union is both lists, in order.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func projectsOf(managers []records.Manager) []string {
	var projects []string
	for _, manager := range managers {
		if !slices.Contains(projects, manager.Value.Project) {
			projects = append(projects, manager.Value.Project)
		}
	}
	slices.Sort(projects)
	return projects
}

// adoptOrphan makes a drained manager for an orphaned group, which then goes
// as any other: its VMs are recorded and taken out of the catalog, those that
// somebody leases are left until their leases end, and a configuration that
// wants the group back meanwhile keeps it.
func (r deleter) adoptOrphan(ctx context.Context, group compute.Group) error {
	key, ok := keyOf(group.GroupRef)
	if !ok {
		r.run.Log.Error(fmt.Sprintf("orphaned group %s is kept: it carries our label, but its name is not one of ours", nameOf(group.GroupRef)),
			"event", "ORPHAN_KEPT", "group", group.Name, "zone", group.Zone, "project", group.Project)
		return nil
	}
	manager := fleet.Manager{BaseName: key.BaseName, Revision: key.Revision, Zone: key.Zone, Project: group.Project,
		Resource: fleet.Resource{State: fleet.Drained, URL: group.URL, DrainedAt: r.d.Now()}}
	adopted, err := r.e.AdoptManager(ctx, manager)
	if err != nil {
		return fmt.Errorf("adopt orphaned group %s: %w", nameOf(group.GroupRef), err)
	}
	if adopted {
		r.run.Log.Warn("orphaned group "+nameOf(group.GroupRef)+" is adopted as a drained one, and deleted when it is empty", "event", "ORPHAN_ADOPTED")
	}
	return nil
}

// keyOf is the manager that a group's name means.
func keyOf(ref compute.GroupRef) (fleet.ManagerKey, bool) {
	base, revision, ok := fleet.SplitTemplateName(ref.Name)
	return fleet.ManagerKey{BaseName: base, Revision: revision, Zone: ref.Zone}, ok
}

func nameOf(ref compute.GroupRef) string { return ref.Project + "/" + ref.Zone + "/" + ref.Name }
