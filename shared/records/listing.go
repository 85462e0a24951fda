package records

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Listing holds the VMs of a group as they were last seen, with the version at
// which it was read. A fetch writes it in the same step as the records of the
// VMs, so that a fetch that another one has overtaken records nothing.
type Listing struct {
	VMs  map[string]fleet.Sight
	read store.Document
}

// listingFields keeps the sights in one JSON field: Firestore would index each
// VM of a map.
type listingFields struct {
	Manager string `firestore:"manager"`
	VMs     []byte `firestore:"vms"`
}

func listingPath(manager fleet.ManagerKey) path { return path{listings, flat(manager.String())} }

// Listing reads how a manager's group was last seen.
func (r Records) Listing(ctx context.Context, manager fleet.ManagerKey) (Listing, error) {
	k, err := listingPath(manager).key()
	if err != nil {
		return Listing{}, err
	}
	read, err := store.GetAs[listingFields](ctx, r.Store, k)
	if read == nil {
		return Listing{}, fmt.Errorf("get the listing of %s: %w", manager, err)
	}
	listing := Listing{read: read[0].Document}
	if err == nil && read[0].Exists() {
		err = json.Unmarshal(read[0].Value.VMs, &listing.VMs)
	}
	if err != nil { // it is a cache
		r.Log.Error(fmt.Sprintf("the listing of %s cannot be read; starting anew: %v", manager, err))
		listing.VMs = nil
	}
	if listing.VMs == nil {
		listing.VMs = map[string]fleet.Sight{}
	}
	return listing, nil
}

// Record makes records of new instances and stores the listing, in one step. It
// fails with failure.Conflict if another run has written the listing or one of
// the records.
func (r Records) Record(ctx context.Context, manager fleet.ManagerKey, listing Listing, vms map[string]fleet.Sight, found []fleet.Instance) (Listing, error) {
	text, err := json.Marshal(vms)
	if err != nil {
		return listing, err
	}
	fields, err := store.Encode(listingFields{Manager: manager.String(), VMs: text})
	if err != nil {
		return listing, err
	}
	writes := []store.Write{store.Replace(listing.read, fields)}
	for _, instance := range found {
		k, err := InstanceKey(instance.Key())
		if err != nil {
			return listing, err
		}
		record, err := store.Encode(instance)
		if err != nil {
			return listing, err
		}
		writes = append(writes, store.Create(k, record))
	}
	versions, err := r.Store.Commit(ctx, writes...)
	if err != nil {
		return listing, fmt.Errorf("record %d instances of %s: %w", len(found), manager, err)
	}
	return Listing{VMs: vms, read: store.Document{Key: listing.read.Key, Fields: fields, Version: versions[0]}}, nil
}

// Current reports whether the listing has not been written since it was read.
func (r Records) Current(ctx context.Context, listing Listing) (bool, error) {
	now, err := r.Store.Get(ctx, listing.read.Key)
	if err != nil {
		return false, fmt.Errorf("get the listing %s: %w", listing.read.Key, err)
	}
	return now[0].Version == listing.read.Version, nil
}

// RemoveListing deletes the listing of a manager's group.
func (r Records) RemoveListing(ctx context.Context, manager fleet.ManagerKey) error {
	k, err := listingPath(manager).key()
	if err != nil {
		return err
	}
	_, err = r.Store.Commit(ctx, store.Delete(k))
	return err
}
