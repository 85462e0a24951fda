package records

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

type projectFields struct {
	Project string `firestore:"project"`
}

// NoteProject records that the suite works in a project. The record is never
// deleted: an operation may end after all other records of the project are
// gone, and without it no job would look for the resource that the operation
// made.
func (r Records) NoteProject(ctx context.Context, project string) error {
	_, err := change(ctx, r, path{projects, project}, adopt(projectFields{Project: project}))
	return err
}

// Projects lists the projects that the suite has worked in.
func (r Records) Projects(ctx context.Context) ([]string, error) {
	items, err := find[projectFields](ctx, r, query("projects", projects))
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.Value.Project
	}
	slices.Sort(names)
	return names, err
}

type orphanFields struct {
	Kind      string    `firestore:"kind"`
	Name      string    `firestore:"name"`
	FirstSeen time.Time `firestore:"firstSeen"`
}

// Sightings reads when each orphan of a kind was first seen, by its name.
func (r Records) Sightings(ctx context.Context, kind string) (map[string]time.Time, error) {
	items, err := find[orphanFields](ctx, r, query("orphans of a kind", orphans, equal("kind", kind)))
	seen := map[string]time.Time{}
	for _, item := range items {
		seen[item.Value.Name] = item.Value.FirstSeen
	}
	return seen, err
}

// KeepSightings records the orphans that are new and deletes the records of
// those that are over.
func (r Records) KeepSightings(ctx context.Context, kind string, fresh, over []string, now time.Time) error {
	var writes []store.Write
	for i, name := range slices.Concat(fresh, over) {
		k, err := path{orphans, kind + ":" + flat(name)}.key()
		if err != nil {
			return err
		}
		write := store.Delete(k)
		if i < len(fresh) {
			write.Fields, err = store.Encode(orphanFields{Kind: kind, Name: name, FirstSeen: now})
		}
		if err != nil {
			return err
		}
		writes = append(writes, write)
	}
	for chunk := range slices.Chunk(writes, store.MaxWrites) {
		if _, err := r.Store.Commit(ctx, chunk...); err != nil {
			return fmt.Errorf("keep the sightings of orphans: %w", err)
		}
	}
	return nil
}
