package records

import (
	"context"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// What people look at is read without what is large.

func revisionHeads() store.Query {
	return store.Query{Name: "revisions without their metadata", Collection: revisions, Group: true, Select: []string{
		"baseName", "revision", "state", "url", "deleting",
		"spec.project", "spec.machineType", "spec.imageName", "spec.snapshotName", "spec.snapshotLabels",
	}}
}

func pageOf(manager fleet.ManagerKey, state fleet.InstanceState, limit int, after store.Key) store.Query {
	query := instancesOf(manager)
	if state != "" {
		query = instancesOfIn(manager, state)
	}
	query.Limit = limit
	if after != "" {
		query.After = &store.Document{Key: after} // the order is that of the keys
	}
	return query
}

// RevisionHeads reads all revisions, of their specs only what is short.
func (r Records) RevisionHeads(ctx context.Context) ([]Revision, error) {
	return find[fleet.Revision](ctx, r, revisionHeads())
}

// InstancePage reads some instances of a manager, in the order of their keys,
// after one of them; in one state, or in all where it is "".
func (r Records) InstancePage(ctx context.Context, manager fleet.ManagerKey, state fleet.InstanceState, limit int, after string) ([]Instance, error) {
	var last store.Key
	if after != "" {
		k, err := InstanceKey(after)
		if err != nil {
			return nil, err
		}
		last = k
	}
	return find[fleet.Instance](ctx, r, pageOf(manager, state, limit, last))
}
