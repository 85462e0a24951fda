package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// Stored is a document decoded into a struct. Value is the zero value where
// the document does not exist.
type Stored[T any] struct {
	Value    T
	Document Document
}

// Exists reports whether there was such a document.
func (s Stored[T]) Exists() bool { return s.Document.Exists() }

// Key is the document's key.
func (s Stored[T]) Key() Key { return s.Document.Key }

// Page is the result of a query. Documents that do not decode are in Corrupt,
// each as a *CorruptError, so that they do not hide the others.
type Page[T any] struct {
	Items   []Stored[T]
	Corrupt []error
}

// CorruptError reports a stored document that does not decode.
type CorruptError struct {
	Key Key
	Err error
}

func (e *CorruptError) Error() string { return fmt.Sprintf("stored document %s: %v", e.Key, e.Err) }
func (e *CorruptError) Unwrap() error { return e.Err }

// GetAs reads documents, in the order of their keys. Where some do not decode,
// the others are returned together with an error that holds a *CorruptError for
// each.
func GetAs[T any](ctx context.Context, s Store, keys ...Key) ([]Stored[T], error) {
	documents, err := s.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	items := make([]Stored[T], len(documents))
	var corrupt []error
	for i, document := range documents {
		if items[i], err = decodeAs[T](document); err != nil {
			corrupt = append(corrupt, err)
		}
	}
	return items, errors.Join(corrupt...)
}

// FindAs reads the documents that a query finds.
func FindAs[T any](ctx context.Context, s Store, query Query) (Page[T], error) {
	documents, err := s.Find(ctx, query)
	if err != nil {
		return Page[T]{}, err
	}
	return PageOf[T](documents), nil
}

// PageOf decodes those of the documents that exist.
func PageOf[T any](documents []Document) Page[T] {
	page := Page[T]{Items: make([]Stored[T], 0, len(documents))}
	for _, document := range documents {
		item, err := decodeAs[T](document)
		switch {
		case err != nil:
			page.Corrupt = append(page.Corrupt, err)
		case item.Exists():
			page.Items = append(page.Items, item)
		}
	}
	return page
}

func decodeAs[T any](document Document) (Stored[T], error) {
	item := Stored[T]{Document: document}
	if !document.Exists() {
		return item, nil
	}
	if err := Decode(document.Fields, &item.Value); err != nil {
		var zero T
		item.Value = zero
		corrupt := &CorruptError{Key: document.Key, Err: err}
		return item, &failure.Error{Class: failure.Permanent, Err: corrupt}
	}
	return item, nil
}

// Update changes one document: it reads it, lets change decide, and commits
// with the condition that nobody else wrote in between; on a conflict it begins
// anew, a bounded number of times. The current value is nil where the document
// does not exist; a nil result deletes it; a result equal to what was read
// writes nothing. An error of change ends it. Fields of the document (not of
// maps in it) that T does not know are kept. It returns the document as it is
// afterwards.
func Update[T any](ctx context.Context, s Store, key Key, change func(current *T) (*T, error)) (Stored[T], error) {
	for attempt := 1; ; attempt++ {
		items, err := GetAs[T](ctx, s, key)
		if err != nil {
			return Stored[T]{}, fmt.Errorf("update %s: %w", key, err)
		}
		result, write, err := decide(items[0], change)
		if err != nil || write == nil {
			return result, err
		}
		versions, err := s.Commit(ctx, *write)
		if err == nil {
			result.Document.Version = versions[0]
			return result, nil
		}
		if !failure.Is(err, failure.Conflict) || attempt == maxAttempts {
			return Stored[T]{}, fmt.Errorf("update %s: %w", key, err)
		}
		if err := Pause(ctx, s, attempt); err != nil {
			return Stored[T]{}, fmt.Errorf("update %s: %w", key, err)
		}
	}
}

// decide runs change on a document as it was read. The write is nil where
// nothing is to be written.
func decide[T any](read Stored[T], change func(current *T) (*T, error)) (Stored[T], *Write, error) {
	var current *T
	var before Fields
	if read.Exists() {
		// A value of its own, so that change cannot reach what the caller holds.
		fresh, err := decodeAs[T](read.Document)
		if err != nil {
			return read, nil, err
		}
		if before, err = Encode(fresh.Value); err != nil {
			return read, nil, err
		}
		current = &fresh.Value
	}
	wanted, err := change(current)
	switch {
	case err != nil:
		return read, nil, err
	case wanted == nil && !read.Exists():
		return read, nil, nil
	case wanted == nil:
		write := Remove(read.Document)
		return Stored[T]{Document: Document{Key: read.Key()}}, &write, nil
	}
	after, err := Encode(wanted)
	if err != nil {
		return read, nil, err
	}
	if read.Exists() && sameFields(before, after) {
		return read, nil, nil
	}
	keepUnknown[T](read.Document.Fields, after)
	write := Replace(read.Document, after)
	return Stored[T]{Value: *wanted, Document: Document{Key: read.Key(), Fields: after}}, &write, nil
}
