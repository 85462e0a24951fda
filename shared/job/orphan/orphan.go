// Package orphan finds what carries this deployment's ownership label in
// Compute Engine although no record accounts for it, such as what a run made
// right before it was killed. It is adopted, and so deleted, only after it was
// seen in two complete sweeps an interval apart.
package orphan

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

// Confirmation is the time between two sightings of an orphan that must pass
// before it is deleted.
const Confirmation = 2 * time.Minute

// Due reports whether this minute's sweep looks for orphans: every other one
// does, to save what the look costs.
func Due(now time.Time) bool { return now.Unix()/60%2 == 0 }

// DeletionsPerRun bounds what one run may delete.
const DeletionsPerRun = 3

// Resource is one that the suite may have made. A template has no zone.
type Resource struct {
	Project, Zone, Name, URL string
	Labels                   map[string]string
	// Snapshot is what a template's VMs get a disk from.
	Snapshot string
}

func (r Resource) String() string {
	if r.Zone == "" {
		return r.Project + "/" + r.Name
	}
	return r.Project + "/" + r.Zone + "/" + r.Name
}

// Kind is a kind of resources, and how its orphans are found and adopted.
type Kind struct {
	Name string // in records and log attributes
	Text string // in sentences
	// Until says when an adopted one is deleted.
	Until string
	// List lists those of a project, all or an error.
	List func(ctx context.Context, project string) ([]Resource, error)
	// Recorded lists those that a record accounts for, whether it can be read
	// whole or not.
	Recorded func(context.Context) ([]Resource, error)
	// Adopt makes the drained record of an orphan, which then goes as any other:
	// its VMs are recorded and taken out of the catalog, those that somebody
	// leases are left until their leases end, and a configuration that wants it
	// back meanwhile keeps it. False: there is a record.
	Adopt func(ctx context.Context, baseName, revision string, orphan Resource) (bool, error)
}

// Sweep adopts the orphans of a kind, in the projects that the suite works in
// and those that it worked in. Recorded are those with a record, as they were
// read before.
func Sweep(ctx context.Context, d job.Dependencies, run job.Run, recorded []Resource, kind Kind) error {
	e := records.Records{Store: d.Store, Log: run.Log}
	found, err := unrecorded(ctx, d, e, recorded, kind)
	if err != nil {
		return err
	}
	ready, err := confirmed(ctx, e, kind.Name, slices.Sorted(maps.Keys(found)), d.Now())
	errs := []error{err}
	for _, name := range ready {
		errs = append(errs, adopt(ctx, run, kind, found[name]))
	}
	return job.Joined(errs...)
}

// unrecorded lists what carries our label and has no record, by name.
func unrecorded(ctx context.Context, d job.Dependencies, e records.Records, recorded []Resource, kind Kind) (map[string]Resource, error) {
	projects, err := e.Projects(ctx)
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
		there, err := kind.List(ctx, project)
		if err != nil && !used[project] && !failure.Is(err, failure.Transient) {
			e.Log.Info("project " + project + ", which is not used any more, is not searched for orphans: " + err.Error())
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list the %ss of project %s: %w", kind.Text, project, err)
		}
		for _, resource := range there {
			if resource.Labels[compute.OwnershipLabel] == d.Deployment {
				found[resource.String()] = resource
			}
		}
	}
	account(found, recorded)
	if len(found) > 0 { // read again: one of them may have been made meanwhile, or its record set aside
		now, err := kind.Recorded(ctx)
		if err != nil {
			return nil, err
		}
		account(found, now)
	}
	return found, nil
}

// account takes out what has a record.
func account(found map[string]Resource, recorded []Resource) {
	for _, resource := range recorded {
		delete(found, resource.String())
	}
}

func adopt(ctx context.Context, run job.Run, kind Kind, found Resource) error {
	what := fmt.Sprintf("orphaned %s %s", kind.Text, found)
	base, revision, ok := fleet.SplitTemplateName(found.Name)
	if !ok {
		run.Log.Error(what+" is kept: it carries our label, but its name is not one of ours",
			"event", "ORPHAN_KEPT", kind.Name, found.Name, "zone", found.Zone, "project", found.Project)
		return nil
	}
	adopted, err := kind.Adopt(ctx, base, revision, found)
	if err != nil {
		return fmt.Errorf("adopt %s: %w", what, err)
	}
	if adopted {
		run.Log.Warn(what+" is adopted as a drained one, and deleted when "+kind.Until, "event", "ORPHAN_ADOPTED")
	}
	return nil
}

// confirmed compares what is there now without a record, by name, with what
// was seen before, keeps the sightings, and answers the names that may be
// deleted now. The list must be complete.
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
