package records

import (
	"context"
	"fmt"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

type projectFields struct {
	Project string `firestore:"project"`
}

// NoteProject remembers that the suite works in a project. It stays noted: an
// operation may end when all records of the project are gone, and what it
// made would be looked for nowhere.
func (r Records) NoteProject(ctx context.Context, project string) error {
	k, err := key(projects, project)
	if err != nil {
		return err
	}
	read, err := r.Store.Get(ctx, k)
	if err != nil {
		return fmt.Errorf("get project %s: %w", project, err)
	}
	if read[0].Exists() {
		return nil
	}
	fields, err := store.Encode(projectFields{Project: project})
	if err != nil {
		return err
	}
	if _, err = r.Store.Commit(ctx, store.Create(k, fields)); err != nil && !failure.Is(err, failure.Conflict) {
		return fmt.Errorf("note project %s: %w", project, err)
	}
	return nil
}

// Projects lists the projects that the suite has worked in.
func (r Records) Projects(ctx context.Context) ([]string, error) {
	items, err := find[projectFields](ctx, r, allProjects())
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.Value.Project
	}
	slices.Sort(names)
	return names, err
}
