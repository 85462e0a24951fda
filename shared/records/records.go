// Package records reads and writes the fleet's records: it alone knows their
// collections, keys and queries.
package records

import (
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// The collections.
const (
	templates = "instanceTemplates"
	revisions = "revisions"
	managers  = "managers"
	instances = "instances"
	listings  = "listings"
	orphans   = "orphans"
	cursors   = "cursors"
	projects  = "projects"
)

// A name that comes from a message may be anything: one that could not be part
// of a key finds nothing.
func key(segments ...string) (store.Key, error) {
	k, err := store.NewKey(segments...)
	if err != nil {
		return "", &failure.Error{Class: failure.NotFound, Err: err}
	}
	return k, nil
}

// TemplateKey is the document of a template.
func TemplateKey(baseName string) (store.Key, error) { return key(templates, baseName) }

// RevisionKey is the document of a revision.
func RevisionKey(baseName, revision string) (store.Key, error) {
	return key(templates, baseName, revisions, revision)
}

// ManagerKey is the document of a manager.
func ManagerKey(k fleet.ManagerKey) (store.Key, error) {
	return key(templates, k.BaseName, revisions, k.Revision, managers, k.Zone)
}

// InstanceKey is the document of an instance, by its own key.
func InstanceKey(instance string) (store.Key, error) { return key(instances, instance) }
