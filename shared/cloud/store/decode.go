package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// Decode fills a struct from the fields of a document. It ignores fields that
// the struct does not have, and zeroes the struct's fields that the document
// does not have. A value of the wrong type is an error that names the field.
// Null decodes only into a pointer, interface, slice or map.
func Decode(fields Fields, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("decode into %T: only a pointer to a struct can hold a document", into)
	}
	if err := decodeStruct(fields, target.Elem()); err != nil {
		return fmt.Errorf("decode into %T: %w", into, err)
	}
	return nil
}

func decodeStruct(fields map[string]any, into reflect.Value) error {
	var problems []error
	for _, f := range layoutOf(into.Type()) {
		target := into.FieldByIndex(f.index)
		value, ok := fields[f.name]
		if !ok {
			target.SetZero()
			continue
		}
		if err := decodeValue(value, target); err != nil {
			problems = append(problems, within(f.name, err))
		}
	}
	return errors.Join(problems...)
}

func decodeValue(value any, into reflect.Value) error {
	switch into.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		if value == nil {
			into.SetZero()
			return nil
		}
	}
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		return decodeValue(value, into.Elem())
	}
	have := reflect.TypeOf(value)
	if have != nil && have.AssignableTo(into.Type()) {
		into.Set(reflect.ValueOf(Clone(value)))
		return nil
	}
	switch v := value.(type) {
	case int64:
		return decodeInt(v, into)
	case float64:
		if into.CanFloat() && !into.OverflowFloat(v) {
			into.SetFloat(v)
			return nil
		}
	case []any:
		return decodeSlice(v, into)
	case map[string]any:
		return decodeMap(v, into)
	case string, bool, []byte:
		if have.Kind() == into.Kind() && have.ConvertibleTo(into.Type()) {
			into.Set(reflect.ValueOf(Clone(value)).Convert(into.Type()))
			return nil
		}
	}
	return mismatch(value, into)
}

func decodeInt(value int64, into reflect.Value) error {
	switch {
	case into.CanInt() && !into.OverflowInt(value):
		into.SetInt(value)
	case into.CanUint() && value >= 0 && !into.OverflowUint(uint64(value)):
		into.SetUint(uint64(value))
	case into.CanFloat() && int64(float64(value)) == value:
		into.SetFloat(float64(value))
	case into.CanInt(), into.CanUint(), into.CanFloat():
		return fmt.Errorf("%d does not fit into %s", value, into.Type())
	default:
		return mismatch(value, into)
	}
	return nil
}

func decodeSlice(items []any, into reflect.Value) error {
	if into.Kind() != reflect.Slice || into.Type() == bytesType {
		return mismatch(items, into)
	}
	slice := reflect.MakeSlice(into.Type(), len(items), len(items))
	for i, item := range items {
		if err := decodeValue(item, slice.Index(i)); err != nil {
			return within(fmt.Sprintf("[%d]", i), err)
		}
	}
	into.Set(slice)
	return nil
}

func decodeMap(entries map[string]any, into reflect.Value) error {
	if into.Kind() == reflect.Struct && into.Type() != timeType {
		return decodeStruct(entries, into)
	}
	if into.Kind() != reflect.Map || into.Type().Key().Kind() != reflect.String {
		return mismatch(entries, into)
	}
	result := reflect.MakeMapWithSize(into.Type(), len(entries))
	for name, entry := range entries {
		target := reflect.New(into.Type().Elem()).Elem()
		if err := decodeValue(entry, target); err != nil {
			return within(name, err)
		}
		result.SetMapIndex(reflect.ValueOf(name).Convert(into.Type().Key()), target)
	}
	into.Set(result)
	return nil
}

func mismatch(value any, into reflect.Value) error {
	if value == nil {
		return fmt.Errorf("holds null, not a %s", into.Type())
	}
	return fmt.Errorf("holds a %T, not a %s", value, into.Type())
}

// Clone returns a deep copy of a field's value, or of Fields.
func Clone[V any](value V) V {
	copied, _ := clone(value).(V)
	return copied
}

func clone(value any) any {
	switch v := value.(type) {
	case Fields:
		return Fields(cloneMap(v))
	case map[string]any:
		return cloneMap(v)
	case []any:
		items := slices.Clone(v)
		for i, item := range items {
			items[i] = clone(item)
		}
		return items
	case []byte:
		return bytes.Clone(v)
	case time.Time:
		return Truncate(v)
	}
	return value
}

func cloneMap(entries map[string]any) map[string]any {
	copied := maps.Clone(entries)
	for name, entry := range copied {
		copied[name] = clone(entry)
	}
	return copied
}
