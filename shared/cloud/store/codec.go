package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// Precision is the precision of stored times, the same as Firestore's.
const Precision = time.Microsecond

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
)

// Encode converts a struct, or a pointer to one, to the fields of a document.
// The tag `firestore:"name,omitempty"` sets the name of a field and whether it
// is omitted, and "-" always omits it. A time is truncated to Precision.
// omitempty also omits a zero time or struct.
func Encode(value any) (Fields, error) {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || v.Type() == timeType {
		return nil, fmt.Errorf("encode %T: only a struct can be a document", value)
	}
	fields, err := encodeStruct(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", value, err)
	}
	return fields, nil
}

// field describes one field of a struct type for the codec.
type field struct {
	name      string
	index     []int
	omitEmpty bool
}

// layouts caches []field by reflect.Type, because reading tags with reflection
// is slow.
var layouts sync.Map

func layoutOf(t reflect.Type) []field {
	if known, ok := layouts.Load(t); ok {
		return known.([]field)
	}
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("firestore")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct: // its fields are promoted to the outer struct
			for _, inner := range layoutOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
		case name != "-" && f.IsExported():
			fields = append(fields, field{name: cmp.Or(name, f.Name), index: f.Index, omitEmpty: options == "omitempty"})
		}
	}
	layouts.Store(t, fields)
	return fields
}

func encodeStruct(v reflect.Value) (map[string]any, error) {
	layout := layoutOf(v.Type())
	fields := make(map[string]any, len(layout))
	for _, f := range layout {
		value := v.FieldByIndex(f.index)
		if f.omitEmpty && isEmpty(value) {
			continue
		}
		encoded, err := encodeValue(value)
		if err != nil {
			return nil, within(f.name, err)
		}
		fields[f.name] = encoded
	}
	return fields, nil
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	if v.Type() == timeType {
		return v.Interface().(time.Time).IsZero()
	}
	return v.IsZero()
}

// Value converts a Go value to one that a document's field can have, as Encode
// does: a named string type to a string, an int to an int64 and so on.
func Value(value any) (any, error) {
	return encodeValue(reflect.ValueOf(value))
}

func encodeValue(v reflect.Value) (any, error) {
	if !v.IsValid() {
		return nil, nil
	}
	if v.Type() == timeType {
		return Truncate(v.Interface().(time.Time)), nil
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), nil
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > 1<<63-1 {
			return nil, fmt.Errorf("%d does not fit into 64 bits with sign", v.Uint())
		}
		return int64(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.Pointer, reflect.Interface:
		return encodeValue(v.Elem()) // encodes nil as null
	case reflect.Struct:
		return encodeStruct(v)
	case reflect.Slice:
		return encodeSlice(v)
	case reflect.Map:
		return encodeMap(v)
	}
	return nil, fmt.Errorf("a document cannot hold a %s", v.Type())
}

func encodeSlice(v reflect.Value) (any, error) {
	if v.IsNil() {
		return nil, nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return bytes.Clone(v.Bytes()), nil
	}
	items := make([]any, v.Len())
	for i := range items {
		item, err := encodeValue(v.Index(i))
		if err != nil {
			return nil, within(fmt.Sprintf("[%d]", i), err)
		}
		items[i] = item
	}
	return items, nil
}

func encodeMap(v reflect.Value) (any, error) {
	if v.IsNil() {
		return nil, nil
	}
	if v.Type().Key().Kind() != reflect.String {
		return nil, fmt.Errorf("a document cannot hold a %s: keys must be strings", v.Type())
	}
	entries := make(map[string]any, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		entry, err := encodeValue(iter.Value())
		if err != nil {
			return nil, within(iter.Key().String(), err)
		}
		entries[iter.Key().String()] = entry
	}
	return entries, nil
}

// Truncate returns the time as a document stores it: in UTC, truncated to
// Precision.
func Truncate(t time.Time) time.Time { return t.UTC().Truncate(Precision) }

// fieldError adds the path of the field to an error.
type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string { return fmt.Sprintf("field %q: %v", e.path, e.err) }
func (e *fieldError) Unwrap() error { return e.err }

func within(name string, err error) error {
	if inner := (*fieldError)(nil); errors.As(err, &inner) {
		separator := "."
		if strings.HasPrefix(inner.path, "[") {
			separator = ""
		}
		return &fieldError{path: name + separator + inner.path, err: inner.err}
	}
	return &fieldError{path: name, err: err}
}
