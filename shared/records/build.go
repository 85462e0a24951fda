package records

import (
	"context"
	"fmt"
	"reflect"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Tree is all records of one template, as they were read.
type Tree struct {
	template  Template
	revisions map[string]Revision
	managers  map[fleet.ManagerKey]Manager
}

// Tree reads a template with its revisions and managers.
func (r Records) Tree(ctx context.Context, baseName string) (Tree, error) {
	tree := Tree{revisions: map[string]Revision{}, managers: map[fleet.ManagerKey]Manager{}}
	k, err := TemplateKey(baseName)
	if err != nil {
		return tree, err
	}
	read, err := store.GetAs[fleet.TemplateRecord](ctx, r.Store, k)
	if err != nil {
		return tree, fmt.Errorf("get template %s: %w", baseName, err)
	}
	tree.template = read[0]
	revisions, err := find[fleet.Revision](ctx, r, revisionsOf(baseName))
	if err != nil {
		return tree, err
	}
	for _, revision := range revisions {
		tree.revisions[revision.Value.ID] = revision
	}
	managers, err := r.ManagersOf(ctx, baseName)
	if err != nil {
		return tree, err
	}
	for _, manager := range managers {
		tree.managers[manager.Value.Key()] = manager
	}
	return tree, nil
}

// Records are the tree's values.
func (t Tree) Records() fleet.Records {
	records := fleet.Records{Template: t.template.Value, Revisions: map[string]fleet.Revision{}, Managers: map[fleet.ManagerKey]fleet.Manager{}}
	for id, revision := range t.revisions {
		records.Revisions[id] = revision.Value
	}
	for key, manager := range t.managers {
		records.Managers[key] = manager.Value
	}
	return records
}

// Save writes what differs between the tree as it was read and the records as
// they were decided, in one atomic step. It returns the number of writes.
func (r Records) Save(ctx context.Context, tree Tree, decided fleet.Records) (int, error) {
	var writes []store.Write
	add := func(k store.Key, read store.Document, before, after any) error {
		if read.Exists() && reflect.DeepEqual(before, after) {
			return nil
		}
		fields, err := store.Encode(after)
		if err != nil {
			return err
		}
		read.Key = k
		writes = append(writes, store.Replace(read, fields))
		return nil
	}
	base := decided.Template.BaseName
	k, err := TemplateKey(base)
	if err == nil {
		err = add(k, tree.template.Document, tree.template.Value, decided.Template)
	}
	for id, revision := range decided.Revisions {
		if err == nil {
			k, err = RevisionKey(base, id)
		}
		if err == nil {
			err = add(k, tree.revisions[id].Document, tree.revisions[id].Value, revision)
		}
	}
	for key, manager := range decided.Managers {
		if err == nil {
			k, err = ManagerKey(key)
		}
		if err == nil {
			err = add(k, tree.managers[key].Document, tree.managers[key].Value, manager)
		}
	}
	if err != nil || len(writes) == 0 {
		return 0, err
	}
	if _, err := r.Store.Commit(ctx, writes...); err != nil {
		return 0, fmt.Errorf("save template %s with %d records: %w", base, len(writes), err)
	}
	return len(writes), nil
}
