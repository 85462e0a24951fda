package records

import (
	"context"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Templates reads the records of all templates.
func (r Records) Templates(ctx context.Context) ([]Template, error) {
	return find[fleet.TemplateRecord](ctx, r, query("templates", templates))
}

// TemplatesUnconfigured reads the templates that have no active revision.
func (r Records) TemplatesUnconfigured(ctx context.Context) ([]Template, error) {
	return find[fleet.TemplateRecord](ctx, r, query("templates not configured", templates, equal("activeRevision", "")))
}

// Revision reads one revision; nil if it has no record.
func (r Records) Revision(ctx context.Context, baseName, revision string) (*Revision, error) {
	return getOne[fleet.Revision](ctx, r, revisionPath(baseName, revision))
}

// RevisionsIn reads the revisions in a state.
func (r Records) RevisionsIn(ctx context.Context, state fleet.State) ([]Revision, error) {
	return find[fleet.Revision](ctx, r, query("revisions by state", revisions, equal("state", state)))
}

// RevisionsToCreate reads the active revisions without a URL.
func (r Records) RevisionsToCreate(ctx context.Context) ([]Revision, error) {
	return find[fleet.Revision](ctx, r,
		query("active revisions without URL", revisions, equal("state", fleet.Active), equal("url", "")))
}

// RevisionHeads reads all revisions for display, with only the short fields of
// their specs.
func (r Records) RevisionHeads(ctx context.Context) ([]Revision, error) {
	heads := query("revisions without their metadata", revisions)
	heads.Select = []string{
		"baseName", "revision", "state", "url", "deleting",
		"spec.project", "spec.machineType", "spec.imageName", "spec.snapshotName", "spec.snapshotLabels",
	}
	return find[fleet.Revision](ctx, r, heads)
}

// EveryRevision reads all revisions for a decision that needs all of them: a
// revision that cannot be read is an error here.
func (r Records) EveryRevision(ctx context.Context) ([]Revision, error) {
	return findEvery[fleet.Revision](ctx, r, query("revisions", revisions))
}

// CountRevisions counts the revisions of a template.
func (r Records) CountRevisions(ctx context.Context, baseName string) (int, error) {
	return r.count(ctx, revisionsOf(baseName))
}

func revisionsOf(baseName string) store.Query {
	return query("revisions of a template", templatePath(baseName).within(revisions))
}

// Manager reads one manager; nil if it has no record.
func (r Records) Manager(ctx context.Context, manager fleet.ManagerKey) (*Manager, error) {
	return getOne[fleet.Manager](ctx, r, managerPath(manager))
}

// Managers reads all managers.
func (r Records) Managers(ctx context.Context) ([]Manager, error) {
	return find[fleet.Manager](ctx, r, allManagers)
}

// EveryManager reads all managers, like EveryRevision.
func (r Records) EveryManager(ctx context.Context) ([]Manager, error) {
	return findEvery[fleet.Manager](ctx, r, allManagers)
}

var allManagers = query("managers", managers)

// ManagersIn reads the managers in a state.
func (r Records) ManagersIn(ctx context.Context, state fleet.State) ([]Manager, error) {
	return find[fleet.Manager](ctx, r, query("managers by state", managers, equal("state", state)))
}

// ManagersToCreate reads the active managers without a URL.
func (r Records) ManagersToCreate(ctx context.Context) ([]Manager, error) {
	return find[fleet.Manager](ctx, r,
		query("active managers without URL", managers, equal("state", fleet.Active), equal("url", "")))
}

// ManagersOf reads the managers of a template, of all its revisions.
func (r Records) ManagersOf(ctx context.Context, baseName string) ([]Manager, error) {
	return find[fleet.Manager](ctx, r, query("managers of a template", managers, equal("baseName", baseName)))
}

// ManagersInZone reads the managers of a template in a zone, of all its
// revisions.
func (r Records) ManagersInZone(ctx context.Context, baseName, zone string) ([]Manager, error) {
	return find[fleet.Manager](ctx, r,
		query("managers of a template in a zone", managers, equal("baseName", baseName), equal("zone", zone)))
}

// ManagersOfRevision reads the managers of one revision.
func (r Records) ManagersOfRevision(ctx context.Context, baseName, revision string) ([]Manager, error) {
	p := revisionPath(baseName, revision)
	if _, err := p.key(); err != nil {
		return nil, err
	}
	return find[fleet.Manager](ctx, r, query("managers of a revision", p.within(managers)))
}

// ManagersFor reads the managers that a scope covers: all of them for a sweep.
func (r Records) ManagersFor(ctx context.Context, baseName, revision, zone string) ([]Manager, error) {
	switch {
	case baseName == "":
		return r.Managers(ctx)
	case zone == "":
		return r.ManagersOf(ctx, baseName)
	case revision == "":
		return r.ManagersInZone(ctx, baseName, zone)
	}
	k, err := ManagerKey(fleet.ManagerKey{BaseName: baseName, Revision: revision, Zone: zone})
	if err != nil {
		return nil, err
	}
	return get[fleet.Manager](ctx, r, k)
}

// Instances reads instances by their keys; it leaves out those that have no
// record.
func (r Records) Instances(ctx context.Context, instances ...string) ([]Instance, error) {
	keys := make([]store.Key, 0, len(instances))
	for _, instance := range instances {
		k, err := InstanceKey(instance)
		if err != nil {
			r.Log.Warn("no such instance: "+err.Error(), "instance", instance)
			continue
		}
		keys = append(keys, k)
	}
	return get[fleet.Instance](ctx, r, keys...)
}

// InstancesIn reads instances in a state, at most MostAtOnce.
func (r Records) InstancesIn(ctx context.Context, state fleet.InstanceState) ([]Instance, error) {
	return findSome[fleet.Instance](ctx, r, instancesIn(state))
}

// CountIn counts the instances in a state.
func (r Records) CountIn(ctx context.Context, state fleet.InstanceState) (int, error) {
	return r.count(ctx, instancesIn(state))
}

func instancesIn(state fleet.InstanceState) store.Query {
	return query("instances by state", instances, equal("state", state))
}

// InstancesOf reads the instances of a manager in the given states, or in all
// states if none is given.
func (r Records) InstancesOf(ctx context.Context, manager fleet.ManagerKey, states ...fleet.InstanceState) ([]Instance, error) {
	if len(states) == 0 {
		states = []fleet.InstanceState{""}
	}
	var all []Instance
	for _, state := range states {
		some, err := find[fleet.Instance](ctx, r, instancesOf(manager, state))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// InstancePage reads some instances of a manager in the order of their keys,
// after the given key, in one state, or in all states if state is "".
func (r Records) InstancePage(ctx context.Context, manager fleet.ManagerKey, state fleet.InstanceState, limit int, after string) ([]Instance, error) {
	page := instancesOf(manager, state)
	page.Limit = limit
	if after != "" {
		k, err := InstanceKey(after)
		if err != nil {
			return nil, err
		}
		page.After = &store.Document{Key: k} // the query orders by key
	}
	return find[fleet.Instance](ctx, r, page)
}

// CountOf counts the instances of a manager in a state, without reading them.
func (r Records) CountOf(ctx context.Context, manager fleet.ManagerKey, state fleet.InstanceState) (int, error) {
	return r.count(ctx, instancesOf(manager, state))
}

// CountAllOf counts the records of a manager's instances, tombstones included.
func (r Records) CountAllOf(ctx context.Context, manager fleet.ManagerKey) (int, error) {
	return r.count(ctx, instancesOf(manager, ""))
}

// instancesOf finds a manager's instances in a state, or in all states if it is
// "".
func instancesOf(manager fleet.ManagerKey, state fleet.InstanceState) store.Query {
	of := equal("manager", manager.String())
	if state == "" {
		return query("instances of a manager", instances, of)
	}
	return query("instances of a manager by state", instances, of, equal("state", state))
}

// LeasesOver reads the instances whose lease is known to have run out, the
// earliest expiration first, at most MostAtOnce.
func (r Records) LeasesOver(ctx context.Context, now time.Time) ([]Instance, error) {
	return findSome[fleet.Instance](ctx, r, query("instances whose lease is over", instances,
		equal("state", fleet.Leased), store.Filter{Field: "leaseExpiration", Op: store.LessOrEqual, Value: now}))
}

// Missing reads the instances that are missing in the catalog, those missing
// longest first, at most MostAtOnce.
func (r Records) Missing(ctx context.Context) ([]Instance, error) {
	return findSome[fleet.Instance](ctx, r, query("instances missing in the catalog", instances,
		store.Filter{Field: "missingSince", Op: store.Greater, Value: time.Unix(0, 0).UTC()}))
}

// TombstonesOver reads the records of deleted instances that can be deleted,
// the oldest first, at most MostAtOnce. after continues behind the last one of
// the previous page; a page with fewer than MostAtOnce is the last one.
func (r Records) TombstonesOver(ctx context.Context, now time.Time, after ...Instance) ([]Instance, error) {
	page := query("tombstones that are over", instances, equal("state", fleet.Deleted),
		store.Filter{Field: "deletedAt", Op: store.Less, Value: now.Add(-fleet.TombstoneTime)})
	if len(after) > 0 {
		page.After = &after[len(after)-1].Document
	}
	return findSome[fleet.Instance](ctx, r, page)
}
