// Package wire translates between the Machine Provider's JSON, its messages in
// proto/machineprovider and the domain. Its JSON is that of the published API
// descriptions: 64-bit integers are strings in answers and accepted as strings
// or numbers, enums go by name, unknown fields are ignored, and what is absent
// is left out.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Decode reads JSON into a message. Its errors name the field and what it
// should be. No body is an empty message.
func Decode(data []byte, into proto.Message) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	if !utf8.Valid(data) {
		return errors.New("the body is not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body goes on after the JSON")
	}
	return decodeMessage("", tree, into.ProtoReflect())
}

func decodeMessage(path string, tree any, into protoreflect.Message) error {
	object, ok := tree.(map[string]any)
	if !ok {
		return wrong(path, "an object", tree)
	}
	fields := into.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		value, ok := object[string(field.Name())]
		if !ok || value == nil {
			continue
		}
		if err := decodeField(join(path, string(field.Name())), value, field, into); err != nil {
			return err
		}
	}
	return nil
}

func decodeField(path string, value any, field protoreflect.FieldDescriptor, into protoreflect.Message) error {
	if !field.IsList() {
		decoded, err := decodeValue(path, value, field, into.NewField(field))
		if err == nil {
			into.Set(field, decoded)
		}
		return err
	}
	items, ok := value.([]any)
	if !ok {
		return wrong(path, "a list", value)
	}
	list := into.Mutable(field).List()
	for i, item := range items {
		empty := protoreflect.Value{}
		if field.Kind() == protoreflect.MessageKind {
			empty = list.NewElement()
		}
		decoded, err := decodeValue(fmt.Sprintf("%s[%d]", path, i), item, field, empty)
		if err != nil {
			return err
		}
		list.Append(decoded)
	}
	return nil
}

func decodeValue(path string, value any, field protoreflect.FieldDescriptor, empty protoreflect.Value) (protoreflect.Value, error) {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return empty, decodeMessage(path, value, empty.Message())
	case protoreflect.StringKind:
		if text, ok := value.(string); ok {
			return protoreflect.ValueOfString(text), nil
		}
		return empty, wrong(path, "a string", value)
	case protoreflect.BoolKind:
		if is, ok := value.(bool); ok {
			return protoreflect.ValueOfBool(is), nil
		}
		return empty, wrong(path, "true or false", value)
	case protoreflect.EnumKind:
		return decodeEnum(path, value, field.Enum().Values())
	case protoreflect.Int64Kind:
		return decodeInt(path, value)
	case protoreflect.DoubleKind:
		return decodeDouble(path, value)
	}
	return empty, fmt.Errorf("%s: fields of kind %s are not known here", path, field.Kind())
}

func decodeEnum(path string, value any, values protoreflect.EnumValueDescriptors) (protoreflect.Value, error) {
	name, ok := value.(string)
	if !ok {
		return protoreflect.Value{}, wrong(path, "one of "+names(values), value)
	}
	if known := values.ByName(protoreflect.Name(name)); known != nil {
		return protoreflect.ValueOfEnum(known.Number()), nil
	}
	return protoreflect.Value{}, fmt.Errorf("%s: %.80q is none of %s", path, name, names(values))
}

func names(values protoreflect.EnumValueDescriptors) string {
	var all []string
	for i := range values.Len() {
		all = append(all, string(values.Get(i).Name()))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func decodeInt(path string, value any) (protoreflect.Value, error) {
	text := ""
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	default:
		return protoreflect.Value{}, wrong(path, "a whole number", value)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return protoreflect.Value{}, fmt.Errorf("%s: %.80q is not a whole number of 64 bits", path, text)
	}
	return protoreflect.ValueOfInt64(n), nil
}

func decodeDouble(path string, value any) (protoreflect.Value, error) {
	number, ok := value.(json.Number)
	if !ok {
		return protoreflect.Value{}, wrong(path, "a number", value)
	}
	n, err := strconv.ParseFloat(number.String(), 64)
	if err != nil || math.IsInf(n, 0) {
		return protoreflect.Value{}, fmt.Errorf("%s: %.80s is not a number that 64 bits hold", path, number)
	}
	return protoreflect.ValueOfFloat64(n), nil
}

func wrong(path, wanted string, value any) error {
	if path == "" {
		path = "the body"
	}
	return fmt.Errorf("%s: it must be %s, not %s", path, wanted, kind(value))
}

func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "a string"
	case bool:
		return "true or false"
	}
	return "a number"
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
