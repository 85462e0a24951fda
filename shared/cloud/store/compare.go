package store

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Compare orders the values of fields as Firestore does: by type (null, bool,
// number, time, string, bytes, array, map), then by value.
// https://firebase.google.com/docs/firestore/manage-data/data-types
func Compare(a, b any) int {
	if byKind := cmp.Compare(kindOf(a), kindOf(b)); byKind != 0 {
		return byKind
	}
	switch a := a.(type) {
	case bool:
		switch {
		case a == b.(bool):
			return 0
		case a:
			return 1
		}
		return -1
	case int64:
		if b, ok := b.(int64); ok { // a float cannot represent all large ones
			return cmp.Compare(a, b)
		}
		return cmp.Compare(float64(a), b.(float64))
	case float64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, float64(b))
		}
		return cmp.Compare(a, b.(float64))
	case time.Time:
		return a.Compare(b.(time.Time))
	case string:
		return strings.Compare(a, b.(string))
	case []byte:
		return bytes.Compare(a, b.([]byte))
	case []any:
		return slices.CompareFunc(a, b.([]any), Compare)
	case map[string]any:
		return compareMaps(a, b.(map[string]any))
	}
	return 0
}

// Comparable reports whether two values are of the same type: a range filter
// keeps only values of its own type.
func Comparable(a, b any) bool { return kindOf(a) == kindOf(b) }

func kindOf(value any) int {
	switch value.(type) {
	case nil:
		return 0
	case bool:
		return 1
	case int64, float64:
		return 2
	case time.Time:
		return 3
	case string:
		return 4
	case []byte:
		return 5
	case []any:
		return 6
	}
	return 7
}

func compareMaps(a, b map[string]any) int {
	names, others := slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))
	for i := range min(len(names), len(others)) {
		if order := cmp.Or(strings.Compare(names[i], others[i]), Compare(a[names[i]], b[others[i]])); order != 0 {
			return order
		}
	}
	return cmp.Compare(len(names), len(others))
}

// CompareKeys orders keys as Firestore does: segment by segment, in the order
// of their bytes.
func CompareKeys(a, b Key) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == b[i]:
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		default:
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

// Matches reports whether a normalized filter keeps a document.
func (f Filter) Matches(fields Fields) bool {
	value, ok := fields.At(f.Field)
	if !ok {
		return false
	}
	switch f.Op {
	case Equal:
		return Compare(value, f.Value) == 0
	case In:
		return slices.ContainsFunc(f.Value.([]any), func(wanted any) bool { return Compare(value, wanted) == 0 })
	case Contains:
		items, _ := value.([]any)
		return slices.ContainsFunc(items, func(item any) bool { return Compare(item, f.Value) == 0 })
	}
	order := Compare(value, f.Value)
	return Comparable(value, f.Value) && (order < 0 && (f.Op == Less || f.Op == LessOrEqual) ||
		order > 0 && (f.Op == Greater || f.Op == GreaterOrEqual) || order == 0 && (f.Op == LessOrEqual || f.Op == GreaterOrEqual))
}
