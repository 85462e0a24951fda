package resource

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// An orphan is a resource in Compute Engine that carries this deployment's
// ownership label although no record accounts for it. A run may have created it
// right before the run was killed. It is adopted, and so deleted, only after
// two complete sweeps, Confirmation apart, have seen it.

// Confirmation is the least time between the two sightings after which an
// orphan is adopted.
const Confirmation = 2 * time.Minute

// Due reports whether this minute's sweep looks for orphans: every other sweep
// does, to save requests.
func Due(now time.Time) bool { return now.Unix()/60%2 == 0 }

// DeletionsPerRun bounds the orphans that one run may adopt.
const DeletionsPerRun = 3

// adoptOrphans adopts the orphans of a kind, in the projects that the suite
// works in or has worked in. recorded are the resources of all readable records.
func (k Kind) adoptOrphans(ctx context.Context, recorded []Resource) error {
	found, err := k.unrecorded(ctx, recorded)
	if err != nil {
		return err
	}
	ready, err := confirmed(ctx, k.run.Records, k.name, slices.Sorted(maps.Keys(found)), k.run.Now())
	errs := []error{err}
	for _, name := range ready {
		errs = append(errs, k.adoptOrphan(ctx, found[name]))
	}
	return job.Joined(errs...)
}

// unrecorded returns the resources with our label that have no record, by name.
func (k Kind) unrecorded(ctx context.Context, recorded []Resource) (map[string]Resource, error) {
	projects, err := k.run.Records.Projects(ctx)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, resource := range recorded {
		used[resource.Project] = true
		projects = append(projects, resource.Project)
	}
	slices.Sort(projects)
	found := map[string]Resource{}
	for _, project := range slices.Compact(projects) {
		there, err := k.list(ctx, project)
		if err != nil && !used[project] && !failure.Is(err, failure.Transient) {
			k.run.Log.Info("project " + project + ", which is not used any more, is not searched for orphans: " + err.Error())
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list the %ss of project %s: %w", k.text, project, err)
		}
		for _, resource := range there {
			if resource.Labels[compute.OwnershipLabel] == k.run.Deployment {
				found[resource.String()] = resource
			}
		}
	}
	account(found, recorded)
	if len(found) > 0 { // one may have been created since the records were read, or its record set aside
		now, err := k.every(ctx)
		if err != nil {
			return nil, err
		}
		account(found, now)
	}
	return found, nil
}

// account removes the resources that have a record.
func account(found map[string]Resource, recorded []Resource) {
	for _, resource := range recorded {
		delete(found, resource.String())
	}
}

// adoptOrphan creates the drained record of an orphan, which is then treated as
// any other: its VMs are recorded and taken out of the catalog, those that are
// leased stay until their leases end, and a configuration that wants the orphan
// meanwhile keeps it.
func (k Kind) adoptOrphan(ctx context.Context, found Resource) error {
	what := fmt.Sprintf("orphaned %s %s", k.text, found)
	base, revision, ok := fleet.SplitTemplateName(found.Name)
	if !ok {
		k.run.Log.Error(what+" is kept: it carries our label, but its name is not one of ours",
			"event", "ORPHAN_KEPT", k.name, found.Name, "zone", found.Zone, "project", found.Project)
		return nil
	}
	found.BaseName, found.Revision = base, revision
	found.State, found.DrainedAt = fleet.Drained, k.run.Now()
	adopted, err := k.adopt(ctx, found)
	if err != nil {
		return fmt.Errorf("adopt %s: %w", what, err)
	}
	if adopted {
		k.run.Log.Warn(what+" is adopted as a drained one, and deleted when "+k.until, "event", "ORPHAN_ADOPTED")
	}
	return nil
}

// confirmed compares the names of all present orphans with those seen before,
// saves the sightings, and returns the names that may be adopted now. The list
// must be complete.
func confirmed(ctx context.Context, e records.Records, kind string, names []string, now time.Time) ([]string, error) {
	seen, err := e.Sightings(ctx, kind)
	if err != nil {
		return nil, err
	}
	var ready, fresh, over []string
	for _, name := range names {
		first, known := seen[name]
		switch {
		case !known:
			fresh = append(fresh, name)
			e.Log.Warn(fmt.Sprintf("orphan: %s %s carries our label and has no record; it is deleted if it is still there in %s", kind, name, Confirmation),
				"event", "ORPHAN", "kind", kind, "name", name)
		case now.Sub(first) >= Confirmation:
			ready = append(ready, name)
		}
	}
	for name := range seen {
		if !slices.Contains(names, name) {
			over = append(over, name)
		}
	}
	slices.Sort(ready)
	return ready[:min(len(ready), DeletionsPerRun)], e.KeepSightings(ctx, kind, fresh, over, now)
}
