package store

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// maxDepth is how deep maps and arrays may nest, after Firestore's limit.
const maxDepth = 20

// CheckWrites refuses a commit that no store accepts: with too many writes, two
// writes of one document, a document that is too large, or a value that no
// field can have.
func CheckWrites(writes []Write) error {
	if len(writes) > MaxWrites {
		return failure.New(failure.Permanent, "%d writes in one commit; at most %d are possible", len(writes), MaxWrites)
	}
	seen := make(map[Key]bool, len(writes))
	for _, write := range writes {
		if seen[write.Key] {
			return failure.New(failure.Permanent, "%s: two writes of one document in one commit", write.Key)
		}
		seen[write.Key] = true
		if _, err := write.check(); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a write that no store accepts, and returns the size of the
// document.
func (w Write) check() (size int, err error) {
	if err := w.Key.Check(); err != nil {
		return 0, failure.New(failure.Permanent, "%w", err)
	}
	size, err = Size(w.Key, w.Fields)
	switch {
	case w.Condition == Unchanged && w.Version.Time.IsZero():
		err = fmt.Errorf("a write of an unchanged document needs the version that was read")
	case w.Condition == Absent && w.Fields == nil:
		err = fmt.Errorf("a document that must be absent cannot be deleted")
	case err == nil && size > MaxDocumentBytes:
		err = fmt.Errorf("the document has %d bytes; at most %d are possible", size, MaxDocumentBytes)
	}
	if err != nil {
		return 0, failure.New(failure.Permanent, "%s: %w", w.Key, err)
	}
	return size, nil
}

// Check returns an error for a key that NewKey would refuse.
func (k Key) Check() error {
	_, err := NewKey(strings.Split(string(k), "/")...)
	return err
}

// Size returns the size of a document in bytes, by Firestore's rules:
// https://firebase.google.com/docs/firestore/storage-size
func Size(key Key, fields Fields) (int, error) {
	const perName, perDocument = 16, 32
	size := perName + perDocument
	for segment := range strings.SplitSeq(string(key), "/") {
		size += len(segment) + 1
	}
	content, err := sizeOfMap(fields, 1)
	return size + content, err
}

func sizeOfMap(entries map[string]any, depth int) (int, error) {
	size := 0
	for name, value := range entries {
		if !named(name) {
			return 0, fmt.Errorf("%q cannot be the name of a field", name)
		}
		content, err := sizeOf(value, depth)
		if err != nil {
			return 0, within(name, err)
		}
		size += len(name) + 1 + content
	}
	return size, nil
}

func sizeOf(value any, depth int) (int, error) {
	switch v := value.(type) {
	case nil, bool:
		return 1, nil
	case int64, float64:
		return 8, nil
	case time.Time:
		if v.Year() < 1 || v.Year() > 9999 {
			return 0, fmt.Errorf("the year %d is outside of 1 to 9999", v.Year())
		}
		return 8, nil
	case string:
		if !utf8.ValidString(v) {
			return 0, fmt.Errorf("the text is not valid UTF-8")
		}
		return len(v) + 1, checkField(len(v))
	case []byte:
		return len(v), checkField(len(v))
	case []any, map[string]any:
		if depth == maxDepth {
			return 0, fmt.Errorf("nested deeper than %d levels", maxDepth)
		}
		if items, ok := v.([]any); ok {
			return sizeOfArray(items, depth+1)
		}
		return sizeOfMap(v.(map[string]any), depth+1)
	}
	return 0, fmt.Errorf("a document cannot hold a %T", value)
}

func sizeOfArray(items []any, depth int) (int, error) {
	size := 0
	for i, item := range items {
		content, err := sizeOf(item, depth)
		if _, nested := item.([]any); nested {
			err = fmt.Errorf("an array cannot hold an array")
		}
		if err != nil {
			return 0, within(fmt.Sprintf("[%d]", i), err)
		}
		size += content
	}
	return size, nil
}

func checkField(size int) error {
	if size > MaxFieldBytes {
		return fmt.Errorf("the value has %d bytes; at most %d are possible", size, MaxFieldBytes)
	}
	return nil
}
