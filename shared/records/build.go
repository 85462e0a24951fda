package records

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Tree holds all records of one template, as they were read.
type Tree struct {
	records   fleet.Records
	documents map[store.Key]store.Document
}

// Tree reads a template with its revisions and managers.
func (r Records) Tree(ctx context.Context, baseName string) (Tree, error) {
	tree := Tree{
		records:   fleet.Records{Revisions: map[string]fleet.Revision{}, Managers: map[fleet.ManagerKey]fleet.Manager{}},
		documents: map[store.Key]store.Document{},
	}
	template, err := getOne[fleet.TemplateRecord](ctx, r, templatePath(baseName))
	if err != nil {
		return tree, err
	}
	if template != nil {
		tree.records.Template = template.Value
		tree.documents[template.Key()] = template.Document
	}
	revisions, err := find[fleet.Revision](ctx, r, revisionsOf(baseName))
	if err != nil {
		return tree, err
	}
	for _, revision := range revisions {
		tree.records.Revisions[revision.Value.ID] = revision.Value
		tree.documents[revision.Key()] = revision.Document
	}
	managers, err := r.ManagersOf(ctx, baseName)
	for _, manager := range managers {
		tree.records.Managers[manager.Value.Key()] = manager.Value
		tree.documents[manager.Key()] = manager.Document
	}
	return tree, err
}

// Records returns the tree's values; the caller must not change them.
func (t Tree) Records() fleet.Records { return t.records }

// Save writes the differences between the tree as it was read and the decided
// records, in one atomic step. It returns the number of writes.
func (r Records) Save(ctx context.Context, tree Tree, decided fleet.Records) (int, error) {
	var writes []store.Write
	add := func(p path, before, after any) error {
		k, err := p.key()
		if err != nil {
			return err
		}
		read := tree.documents[k]
		if read.Exists() && reflect.DeepEqual(before, after) {
			return nil
		}
		fields, err := store.Encode(after)
		read.Key = k
		writes = append(writes, store.Replace(read, fields))
		return err
	}
	base := decided.Template.BaseName
	errs := []error{add(templatePath(base), tree.records.Template, decided.Template)}
	for id, revision := range decided.Revisions {
		errs = append(errs, add(revisionPath(base, id), tree.records.Revisions[id], revision))
	}
	for key, manager := range decided.Managers {
		errs = append(errs, add(managerPath(key), tree.records.Managers[key], manager))
	}
	if err := errors.Join(errs...); err != nil || len(writes) == 0 {
		return 0, err
	}
	if _, err := r.Store.Commit(ctx, writes...); err != nil {
		return 0, fmt.Errorf("save template %s with %d records: %w", base, len(writes), err)
	}
	return len(writes), nil
}
