package simulator

import (
	"bytes"
	"encoding/json"
	"maps"
)

// Bodies are decoded JSON in the canonical form of package api.

// dropNulls removes the fields that are null.
func dropNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, value any) bool { return value == nil })
		for _, value := range v {
			dropNulls(value)
		}
	case []any:
		for _, value := range v {
			dropNulls(value)
		}
	}
}

// pruned returns a copy of an object without its null fields, empty objects and
// empty lists, none of which the service keeps.
func pruned(v map[string]any) map[string]any {
	kept := make(map[string]any, len(v))
	for field, value := range v {
		switch inner := value.(type) {
		case map[string]any:
			if inner = pruned(inner); len(inner) > 0 {
				kept[field] = inner
			}
		case []any:
			list := make([]any, len(inner))
			for i, item := range inner {
				list[i] = item
				if object, ok := item.(map[string]any); ok {
					list[i] = pruned(object)
				}
			}
			if len(list) > 0 {
				kept[field] = list
			}
		case nil:
		default:
			kept[field] = value
		}
	}
	return kept
}

// merged returns a copy of an object with a patch (RFC 7386) applied: objects
// are merged by field, null removes a field, and other values replace the old
// ones.
func merged(old, patch map[string]any) map[string]any {
	result := maps.Clone(old)
	if result == nil {
		result = map[string]any{}
	}
	for field, value := range patch {
		change, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(result, field)
		case isObject:
			from, _ := result[field].(map[string]any)
			result[field] = merged(from, change)
		default:
			result[field] = value
		}
	}
	return result
}

// set sets a default. An empty string counts as absent, as it does for the
// service.
func set(m map[string]any, field string, value any) {
	if v, ok := m[field]; !ok || v == "" {
		m[field] = value
	}
}

// withDefaults returns a copy of the object in a field, with defaults filled in.
func withDefaults(m map[string]any, field string, defaults map[string]any) map[string]any {
	posted, _ := m[field].(map[string]any)
	result := maps.Clone(posted)
	if result == nil {
		result = map[string]any{}
	}
	for name, value := range defaults {
		set(result, name, value)
	}
	return result
}

// object returns the object in a field, and adds an empty one if it is absent.
func object(m map[string]any, field string) map[string]any {
	o, ok := m[field].(map[string]any)
	if !ok {
		o = map[string]any{}
		m[field] = o
	}
	return o
}

func objects(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, item := range list {
		if o, ok := item.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

func copyJSON(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return map[string]any{}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		return map[string]any{}
	}
	return out
}

// number returns a JSON number as an int; 0 if v is not a number.
func number(v any) int {
	n, ok := v.(json.Number)
	if !ok {
		return 0
	}
	i, err := n.Int64()
	if err != nil {
		return 0
	}
	return int(i)
}
