package store

import (
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Decode fills a struct from the fields of a document. Fields that the struct
// does not have are ignored, fields that the document does not have are set to
// zero; a value of the wrong type is an error that names the field. Null fits
// only what can be nil.
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
	if len(problems) == 1 {
		return problems[0]
	}
	return errors.Join(problems...)
}

func decodeValue(value any, into reflect.Value) error {
	if value == nil {
		return decodeNull(into)
	}
	if into.Type() == timeType {
		t, ok := value.(time.Time)
		if !ok {
			return mismatch(value, into)
		}
		into.Set(reflect.ValueOf(Truncate(t)))
		return nil
	}
	switch into.Kind() {
	case reflect.Pointer:
		target := reflect.New(into.Type().Elem())
		if err := decodeValue(value, target.Elem()); err != nil {
			return err
		}
		into.Set(target)
		return nil
	case reflect.Interface:
		copied := reflect.ValueOf(Clone(value))
		if !copied.Type().AssignableTo(into.Type()) {
			return mismatch(value, into)
		}
		into.Set(copied)
		return nil
	}
	switch v := value.(type) {
	case string:
		return decodeIf(into.Kind() == reflect.String, value, into, func() { into.SetString(v) })
	case bool:
		return decodeIf(into.Kind() == reflect.Bool, value, into, func() { into.SetBool(v) })
	case int64:
		return decodeInt(v, into)
	case float64:
		return decodeIf(into.CanFloat() && !into.OverflowFloat(v), value, into, func() { into.SetFloat(v) })
	case []byte:
		isBytes := into.Kind() == reflect.Slice && into.Type().Elem().Kind() == reflect.Uint8
		return decodeIf(isBytes, value, into, func() {
			into.Set(reflect.ValueOf(append([]byte{}, v...)).Convert(into.Type()))
		})
	case []any:
		return decodeSlice(v, into)
	case map[string]any:
		return decodeMap(v, into)
	}
	return mismatch(value, into)
}

func decodeNull(into reflect.Value) error {
	switch into.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		into.SetZero()
		return nil
	}
	return mismatch(nil, into)
}

func decodeIf(fits bool, value any, into reflect.Value, set func()) error {
	if !fits {
		return mismatch(value, into)
	}
	set()
	return nil
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
	if into.Kind() == reflect.Struct {
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
		if v == nil {
			return v
		}
		return Fields(cloneMap(v))
	case map[string]any:
		if v == nil {
			return v
		}
		return cloneMap(v)
	case []any:
		if v == nil {
			return v
		}
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = clone(item)
		}
		return items
	case []byte:
		if v == nil {
			return v
		}
		return append([]byte{}, v...)
	case time.Time:
		return Truncate(v)
	}
	return value
}

func cloneMap(entries map[string]any) map[string]any {
	copied := make(map[string]any, len(entries))
	for name, entry := range entries {
		copied[name] = clone(entry)
	}
	return copied
}
