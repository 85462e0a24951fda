// Package store is the contract for the documents that the suite keeps, in
// Firestore's terms: collections of small documents, read at a version and
// written in atomic commits with preconditions. The in-memory and the Firestore
// implementation pass the same tests in storetest.
package store

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxWrites is the maximum number of writes in one commit, Firestore's limit.
const MaxWrites = 500

// MaxDocumentBytes is the maximum size of a document, Firestore's limit of 1
// MiB.
const MaxDocumentBytes = 1 << 20

// MaxFieldBytes is the maximum size of one text or bytes value, Firestore's
// limit.
const MaxFieldBytes = MaxDocumentBytes - 89

// Key is the path of a document: collection and id in turn, such as
// instanceTemplates/linux/revisions/3f1c.
type Key string

// NewKey makes a key of segments and refuses an id that could reach another
// document: empty, dots only, with a slash in it, reserved, or too long.
func NewKey(segments ...string) (Key, error) {
	if len(segments) == 0 || len(segments)%2 != 0 {
		return "", fmt.Errorf("a document key needs collection and id in turn, not %q", segments)
	}
	for _, segment := range segments {
		if !named(segment) || segment == "." || segment == ".." || strings.ContainsAny(segment, "/\x00") {
			return "", fmt.Errorf("%q cannot be part of a document key", segment)
		}
	}
	return Key(strings.Join(segments, "/")), nil
}

// named reports whether Firestore accepts a name in a field path or a key.
func named(name string) bool {
	reserved := strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__")
	return name != "" && len(name) <= 1500 && utf8.ValidString(name) && !reserved
}

// MustKey is like NewKey for segments that are valid; it panics otherwise.
func MustKey(segments ...string) Key {
	key, err := NewKey(segments...)
	if err != nil {
		panic(err)
	}
	return key
}

// ID returns the last segment of the key.
func (k Key) ID() string { return string(k[strings.LastIndexByte(string(k), '/')+1:]) }

// Collection returns the path of the collection that contains the document.
func (k Key) Collection() string { return string(k[:max(strings.LastIndexByte(string(k), '/'), 0)]) }

// Group returns the last segment of the collection's path: a collection group
// query finds the document by that name.
func (k Key) Group() string { return Key(k.Collection()).ID() }

// Fields are a document's content. A value is a string, bool, int64, float64,
// time.Time (UTC, microseconds), []byte, []any, map[string]any or nil.
type Fields map[string]any

// Version identifies one state of a document. It is the zero value for a
// document that does not exist.
type Version struct{ Time time.Time }

// Document is a document as it was read. Fields is nil if it does not exist.
type Document struct {
	Key     Key
	Fields  Fields
	Version Version
	// Partial means that Query.Select left out fields. Such a document still
	// works as a precondition; UpdateEach reads the whole document before it
	// changes it.
	Partial bool
}

// Exists reports whether the document existed when it was read.
func (d Document) Exists() bool { return d.Fields != nil }

// Condition must hold for a write, otherwise the whole commit is refused.
type Condition int

// The conditions.
const (
	Always    Condition = iota // no condition
	Absent                     // the document does not exist
	Unchanged                  // the document exists at Write.Version
)

// Write is one change of a commit: it replaces the whole document, or deletes
// it if Fields is nil.
type Write struct {
	Key       Key
	Fields    Fields
	Condition Condition
	Version   Version
	// Before holds the fields as they were read, if known: an implementation
	// may send only the difference.
	Before Fields
}

// Create writes a document that must not exist yet.
func Create(key Key, fields Fields) Write {
	return Write{Key: key, Fields: fields, Condition: Absent}
}

// Replace writes a document that must be unchanged since it was read. If it did
// not exist then, it must still not exist.
func Replace(read Document, fields Fields) Write {
	if !read.Exists() {
		return Create(read.Key, fields)
	}
	write := Write{Key: read.Key, Fields: fields, Condition: Unchanged, Version: read.Version}
	if !read.Partial {
		write.Before = read.Fields
	}
	return write
}

// Put writes a document regardless of its current state.
func Put(key Key, fields Fields) Write { return Write{Key: key, Fields: fields} }

// Remove deletes a document that must be unchanged since it was read.
func Remove(read Document) Write {
	return Write{Key: read.Key, Condition: Unchanged, Version: read.Version}
}

// Delete deletes a document, or does nothing if it does not exist.
func Delete(key Key) Write { return Write{Key: key} }

// Op compares a field with a value, in Firestore's notation.
type Op string

// The operators that both implementations have.
const (
	Equal          Op = "=="
	Less           Op = "<"
	LessOrEqual    Op = "<="
	Greater        Op = ">"
	GreaterOrEqual Op = ">="
	In             Op = "in"             // Value is []any, at most 30
	Contains       Op = "array-contains" // the field is an array
)

// Filter keeps the documents whose field satisfies the comparison with the
// value. A document without the field is never kept.
type Filter struct {
	Field string
	Op    Op
	Value any
}

// Order sorts by a field; documents without it are left out.
type Order struct {
	Field      string
	Descending bool
}

// Query finds documents in one collection, or in all collections of a name.
// Results are in the order of Orders: by OrderBy, then by key. A field is a
// name, or names separated by dots for a value within a map.
type Query struct {
	// Name identifies the query to people and to the test that compares
	// queries with deployed indexes.
	Name string
	// Collection is the collection's path; if Group is set, only its last
	// segment.
	Collection string
	Group      bool
	Where      []Filter
	OrderBy    []Order
	// Limit is the maximum number of documents; 0 means all.
	Limit int
	// After is the last document of the previous page; the results begin after
	// it.
	After *Document
	// Select names the needed fields; nil means all.
	Select []string
}

// Store keeps documents. Errors carry a failure.Class: Conflict if a condition
// of a commit did not hold, and nothing of the commit was written.
type Store interface {
	// Get reads documents, in the order of their keys; one that does not exist
	// has no Fields.
	Get(ctx context.Context, keys ...Key) ([]Document, error)
	// Find reads the documents that a query finds.
	Find(ctx context.Context, query Query) ([]Document, error)
	// Count counts the documents that a query finds, without reading them.
	Count(ctx context.Context, query Query) (int, error)
	// Commit applies all writes or none of them; at most MaxWrites, and at most
	// one per document. It returns the version of each document written, in
	// order.
	Commit(ctx context.Context, writes ...Write) ([]Version, error)
}
