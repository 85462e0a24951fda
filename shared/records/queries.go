package records

import (
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

func equal(field string, value any) store.Filter {
	return store.Filter{Field: field, Op: store.Equal, Value: value}
}

// atMost bounds what a query finds.
func atMost(n int, query store.Query) store.Query {
	query.Limit = n
	return query
}

func allTemplates() store.Query {
	return store.Query{Name: "templates", Collection: templates}
}

func templatesUnconfigured() store.Query {
	return store.Query{Name: "templates not configured", Collection: templates,
		Where: []store.Filter{equal("activeRevision", "")}}
}

func revisionsOf(baseName string) store.Query {
	return store.Query{Name: "revisions of a template", Collection: templates + "/" + baseName + "/" + revisions}
}

func revisionsIn(state fleet.State) store.Query {
	return store.Query{Name: "revisions by state", Collection: revisions, Group: true,
		Where: []store.Filter{equal("state", string(state))}}
}

func revisionsWithoutURL() store.Query {
	return store.Query{Name: "active revisions without URL", Collection: revisions, Group: true,
		Where: []store.Filter{equal("state", string(fleet.Active)), equal("url", "")}}
}

func allManagers() store.Query {
	return store.Query{Name: "managers", Collection: managers, Group: true}
}

func managersIn(state fleet.State) store.Query {
	return store.Query{Name: "managers by state", Collection: managers, Group: true,
		Where: []store.Filter{equal("state", string(state))}}
}

func managersWithoutURL() store.Query {
	return store.Query{Name: "active managers without URL", Collection: managers, Group: true,
		Where: []store.Filter{equal("state", string(fleet.Active)), equal("url", "")}}
}

func managersOf(baseName string) store.Query {
	return store.Query{Name: "managers of a template", Collection: managers, Group: true,
		Where: []store.Filter{equal("baseName", baseName)}}
}

func managersInZone(baseName, zone string) store.Query {
	return store.Query{Name: "managers of a template in a zone", Collection: managers, Group: true,
		Where: []store.Filter{equal("baseName", baseName), equal("zone", zone)}}
}

func managersOfRevision(baseName, revision string) store.Query {
	return store.Query{Name: "managers of a revision",
		Collection: templates + "/" + baseName + "/" + revisions + "/" + revision + "/" + managers}
}

func instancesIn(state fleet.InstanceState) store.Query {
	return store.Query{Name: "instances by state", Collection: instances,
		Where: []store.Filter{equal("state", string(state))}}
}

func instancesOf(manager fleet.ManagerKey) store.Query {
	return store.Query{Name: "instances of a manager", Collection: instances,
		Where: []store.Filter{equal("manager", manager.String())}}
}

func instancesOfIn(manager fleet.ManagerKey, state fleet.InstanceState) store.Query {
	return store.Query{Name: "instances of a manager by state", Collection: instances,
		Where: []store.Filter{equal("manager", manager.String()), equal("state", string(state))}}
}

func leasesOver(now time.Time) store.Query {
	return store.Query{Name: "instances whose lease is over", Collection: instances, Where: []store.Filter{
		equal("state", string(fleet.Leased)), {Field: "leaseExpiration", Op: store.LessOrEqual, Value: now}}}
}

func instancesMissing() store.Query {
	return store.Query{Name: "instances missing in the catalog", Collection: instances,
		Where: []store.Filter{{Field: "missingSince", Op: store.Greater, Value: time.Unix(0, 0).UTC()}}}
}

func tombstonesOver(now time.Time) store.Query {
	return store.Query{Name: "tombstones that are over", Collection: instances, Where: []store.Filter{
		equal("state", string(fleet.Deleted)), {Field: "deletedAt", Op: store.Less, Value: now.Add(-fleet.TombstoneTime)}}}
}

func allProjects() store.Query {
	return store.Query{Name: "projects", Collection: projects}
}

func allOrphans(kind string) store.Query {
	return store.Query{Name: "orphans of a kind", Collection: orphans,
		Where: []store.Filter{equal("kind", kind)}}
}

// Queries lists every query of this package, with stand-ins for its values,
// for the test that compares them with the indexes that are deployed.
func Queries() []store.Query {
	now, manager := time.Unix(0, 0).UTC(), fleet.ManagerKey{BaseName: "b", Revision: "r", Zone: "z"}
	return []store.Query{
		allTemplates(), templatesUnconfigured(), revisionsOf("b"), revisionsIn(fleet.Active), revisionsWithoutURL(),
		allManagers(), managersIn(fleet.Active), managersWithoutURL(), managersOf("b"), managersInZone("b", "z"), managersOfRevision("b", "r"),
		instancesIn(fleet.Found), instancesOf(manager), instancesOfIn(manager, fleet.Found), leasesOver(now),
		instancesMissing(), tombstonesOver(now), allOrphans("group"), allProjects(),
		leftOffers(), revisionHeads(), pageOf(manager, fleet.Found, 1, ""),
	}
}
