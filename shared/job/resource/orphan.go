package resource

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

// An orphan carries this installation's ownership label in Compute Engine
// although no record accounts for it, such as what a run created right before it
// was killed. It is adopted, and so deleted, only after two complete sweeps have
// seen it, at least Confirmation apart. One with the label of an earlier version
// may be another installation's: it is unclaimed, reported once, and kept.

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
	ready, err := k.confirmed(ctx, found)
	errs := []error{err}
	for _, orphan := range ready {
		errs = append(errs, k.adoptOrphan(ctx, orphan))
	}
	return job.Joined(errs...)
}

// unrecorded lists what carries our label, or that of an earlier version, and
// has no record, by name.
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
			if owner := k.run.Owner(); owner.Owns(resource.Labels) || owner.MayOwn(resource.Labels) {
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

// confirmed compares all present orphans, by name, with those seen before, saves
// the sightings, and returns the orphans that may be adopted now. The list must
// be complete.
func (k Kind) confirmed(ctx context.Context, found map[string]Resource) ([]Resource, error) {
	seen, err := k.run.Records.Sightings(ctx, k.name)
	if err != nil {
		return nil, err
	}
	var ready []Resource
	var fresh []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		sighting, ours := name, k.run.Owner().Owns(found[name].Labels)
		if !ours {
			sighting = "unclaimed/" + name // an earlier version may have seen it as its own orphan
		}
		first, known := seen[sighting]
		delete(seen, sighting)
		switch {
		case !known:
			fresh = append(fresh, sighting)
			k.report(name, found[name], ours)
		case ours && k.run.Now().Sub(first) >= Confirmation:
			ready = append(ready, found[name])
		}
	}
	over := slices.Sorted(maps.Keys(seen))
	return ready[:min(len(ready), DeletionsPerRun)], k.run.Records.KeepSightings(ctx, k.name, fresh, over, k.run.Now())
}

// report reports what was not seen before.
func (k Kind) report(name string, found Resource, ours bool) {
	if ours {
		k.run.Log.Warn(fmt.Sprintf("orphan: %s %s carries our label and has no record; it is deleted if it is still there in %s", k.name, name, Confirmation),
			"event", "ORPHAN", "kind", k.name, "name", name)
		return
	}
	k.run.Log.Warn(fmt.Sprintf("unclaimed: %s %s carries the label of an earlier version and has no record; it is kept", k.name, name),
		"event", "ORPHAN_UNCLAIMED", "kind", k.name, "name", name, "next", "if no other installation has it: "+found.deletion())
}
