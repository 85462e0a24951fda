// Package records reads and writes the fleet's records. Only this package knows
// their collections, keys and queries.
package records

import (
	"log/slog"
	"strings"

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

// The records, each with the version at which it was read.
type (
	// Template is a template's record.
	Template = store.Stored[fleet.TemplateRecord]
	// Revision is a revision's record.
	Revision = store.Stored[fleet.Revision]
	// Manager is a manager's record.
	Manager = store.Stored[fleet.Manager]
	// Instance is an instance's record.
	Instance = store.Stored[fleet.Instance]
)

// Records are the fleet's records during one run of a job. A record that
// cannot be read is logged and set aside, so that it does not hide the others.
type Records struct {
	Store store.Store
	Log   *slog.Logger
}

// path is the path of a document: collection and id in turn.
type path []string

func templatePath(baseName string) path { return path{templates, baseName} }

func revisionPath(baseName, revision string) path {
	return append(templatePath(baseName), revisions, revision)
}

func managerPath(k fleet.ManagerKey) path {
	return append(revisionPath(k.BaseName, k.Revision), managers, k.Zone)
}

// flat makes one id out of a name that contains slashes.
func flat(name string) string { return strings.ReplaceAll(name, "/", ":") }

// key makes a document's key. A name in it comes from a message and may be
// anything: for a name that cannot be part of a key, the error has the class
// NotFound.
func (p path) key() (store.Key, error) {
	k, err := store.NewKey(p...)
	if err != nil {
		return "", &failure.Error{Class: failure.NotFound, Err: err}
	}
	return k, nil
}

// within returns the path of a collection under the document.
func (p path) within(collection string) string { return strings.Join(append(p, collection), "/") }

// TemplateKey returns the key of a template's document.
func TemplateKey(baseName string) (store.Key, error) { return templatePath(baseName).key() }

// RevisionKey returns the key of a revision's document.
func RevisionKey(baseName, revision string) (store.Key, error) {
	return revisionPath(baseName, revision).key()
}

// ManagerKey returns the key of a manager's document.
func ManagerKey(k fleet.ManagerKey) (store.Key, error) { return managerPath(k).key() }

// InstanceKey returns the key of an instance's document, given the instance's
// key.
func InstanceKey(instance string) (store.Key, error) { return path{instances, instance}.key() }
