package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// Stored is a document decoded into a struct. Value is the zero value if the
// document does not exist.
type Stored[T any] struct {
	Value    T
	Document Document
}

// Exists reports whether the document existed when it was read.
func (s Stored[T]) Exists() bool { return s.Document.Exists() }

// Key returns the document's key.
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

// GetAs reads documents, in the order of their keys. If some do not decode, it
// returns the others, together with an error that holds a *CorruptError for
// each that does not.
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

// PageOf decodes those documents that exist.
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
		item.Value = *new(T)
		corrupt := &CorruptError{Key: document.Key, Err: err}
		return item, &failure.Error{Class: failure.Permanent, Err: corrupt}
	}
	return item, nil
}
