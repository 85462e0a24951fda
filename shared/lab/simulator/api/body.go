package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Error is the reason and the message with which a request is refused.
type Error struct{ Reason, Message string }

func (e *Error) Error() string { return e.Message }

func badRequest(format string, args ...any) *Error {
	return &Error{"badRequest", fmt.Sprintf(format, args...)}
}

// CheckBody reads a body and refuses unknown fields, values of the wrong type,
// unknown values of enumerations, and missing fields that the method requires.
// It returns the body in canonical form: 64-bit integers are strings, 32-bit
// integers are numbers. Like the service, it drops output-only fields and null
// elements of lists; it keeps a null field, because in a patch that clears the
// field. With beta it drops unknown fields instead of refusing them: the beta
// API has fields that v1 does not describe.
func (m *Method) CheckBody(raw []byte, beta bool) (map[string]any, error) {
	if m.body == "" {
		return map[string]any{}, nil
	}
	body := map[string]any{}
	if len(bytes.TrimSpace(raw)) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&body); err != nil || body == nil {
			return nil, &Error{"parseError", "Invalid JSON payload received. The request's body is no JSON object."}
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, &Error{"parseError", "Invalid JSON payload received. Expected end of string."}
		}
	}
	c := checker{m.Name, beta}
	if err := c.object("", m.body, body); err != nil {
		return nil, err
	}
	return body, nil
}

type checker struct {
	method string
	beta   bool
}

// object checks an object and converts its values to canonical form. It checks
// fields in the order of their names, so that the same body always gets the same
// error.
func (c checker) object(at, name string, body map[string]any) error {
	s := schemas[name]
	for _, field := range slices.Sorted(maps.Keys(body)) {
		f, ok := s.fields[field]
		switch {
		case !ok && c.beta:
			delete(body, field)
			continue
		case !ok && at == "":
			return badRequest("Invalid JSON payload received. Unknown name %q: Cannot find field.", field)
		case !ok:
			return badRequest("Invalid JSON payload received. Unknown name %q at '%s': Cannot find field.", field, at)
		}
		value, err := c.field(join(at, field), f, body[field])
		if err != nil {
			return err
		}
		if body[field] = value; f.outputOnly && !c.taken(name, field) {
			delete(body, field)
		}
	}
	for _, field := range s.required {
		if v := body[field]; (v == nil || v == "") && slices.Contains(s.fields[field].requiredBy, c.method) {
			return &Error{"required", fmt.Sprintf("Required field 'resource.%s' not specified", join(at, field))}
		}
	}
	return nil
}

// taken reports whether the method accepts a field although it is described as
// output only. That holds for a group's named ports, which the Terraform provider
// sets and reads back.
func (c checker) taken(schema, field string) bool {
	return c.method == "instanceGroupManagers.insert" && schema == "InstanceGroupManager" && field == "namedPorts"
}

func join(at, field string) string {
	if at == "" {
		return field
	}
	return at + "." + field
}

func (c checker) field(at string, f field, v any) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case f.list:
		list, ok := v.([]any)
		if !ok {
			return nil, badRequest("Invalid JSON payload received. Unknown name %q: Proto field is not repeating, cannot start list.", at)
		}
		kept := list[:0]
		for i, item := range list {
			item, err := c.value(fmt.Sprintf("%s[%d]", at, i), f, item)
			if err != nil {
				return nil, err
			}
			if item != nil {
				kept = append(kept, item)
			}
		}
		return kept, nil
	case f.mapped:
		entries, ok := v.(map[string]any)
		if !ok {
			return nil, wrongType(at, "map", v)
		}
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			value, err := c.value(at+"["+key+"]", f, entries[key])
			if err != nil {
				return nil, err
			}
			entries[key] = value
		}
		return entries, nil
	}
	return c.value(at, f, v)
}

// typeNames are the names of scalar types in errors.
var typeNames = map[string]string{"string": "TYPE_STRING", "boolean": "TYPE_BOOL", "number": "TYPE_DOUBLE",
	"int32": "TYPE_INT32", "uint32": "TYPE_UINT32", "int64": "TYPE_INT64", "uint64": "TYPE_UINT64"}

func (c checker) value(at string, f field, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	ok := false
	switch f.kind {
	case "string":
		_, ok = v.(string)
	case "boolean":
		_, ok = v.(bool)
	case "number":
		_, ok = v.(json.Number)
	case "int32", "uint32", "int64", "uint64":
		v, ok = integer(f.kind, v)
	case "enum":
		text, isText := v.(string)
		if ok = isText; ok && text != "" && !slices.Contains(f.values, text) {
			return nil, &Error{"invalid", fmt.Sprintf("Invalid value for field 'resource.%s': '%s'. Must be one of [%s].",
				at, text, strings.Join(f.values, ", "))}
		}
	default:
		object, isObject := v.(map[string]any)
		if !isObject {
			return nil, wrongType(at, f.kind, v)
		}
		return object, c.object(at, f.kind, object)
	}
	if !ok {
		return nil, wrongType(at, f.kind, v)
	}
	return v, nil
}

func wrongType(at, kind string, v any) *Error {
	raw, _ := json.Marshal(v) // it was decoded from JSON
	if name, ok := typeNames[kind]; ok {
		kind = name
	}
	return badRequest("Invalid value at '%s' (%s), %.100s", at, kind, raw)
}

// integer reads a number, or a string that holds one.
func integer(kind string, v any) (any, bool) {
	text, isText := v.(string)
	if number, ok := v.(json.Number); ok {
		text = number.String()
	} else if !isText {
		return v, false
	}
	bits, _ := strconv.Atoi(kind[len(kind)-2:])
	var err error
	if kind[0] == 'u' {
		_, err = strconv.ParseUint(text, 10, bits)
	} else {
		_, err = strconv.ParseInt(text, 10, bits)
	}
	if err != nil {
		return v, false
	}
	if bits == 64 {
		return text, true
	}
	return json.Number(text), true
}
