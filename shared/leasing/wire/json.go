// Package wire converts between the Machine Provider's JSON, its messages in
// proto/machineprovider and the domain. The JSON is as in the published API
// descriptions: 64-bit integers are strings in responses and accepted as
// strings or numbers, enums are written by name, unknown fields are ignored,
// and absent fields are left out.
package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Decode reads JSON into a message. Its errors name the field and the expected
// type. An empty body is an empty message.
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
	number, isNumber := value.(json.Number)
	text, isText := value.(string)
	switch field.Kind() {
	case protoreflect.MessageKind:
		return empty, decodeMessage(path, value, empty.Message())
	case protoreflect.StringKind:
		if isText {
			return protoreflect.ValueOfString(text), nil
		}
		return empty, wrong(path, "a string", value)
	case protoreflect.BoolKind:
		if is, ok := value.(bool); ok {
			return protoreflect.ValueOfBool(is), nil
		}
		return empty, wrong(path, "true or false", value)
	case protoreflect.EnumKind:
		values := field.Enum().Values()
		if !isText {
			return empty, wrong(path, "one of "+names(values), value)
		}
		if known := values.ByName(protoreflect.Name(text)); known != nil {
			return protoreflect.ValueOfEnum(known.Number()), nil
		}
		return empty, fmt.Errorf("%s: %.80q is none of %s", path, text, names(values))
	case protoreflect.Int64Kind:
		if !isNumber && !isText {
			return empty, wrong(path, "a whole number", value)
		}
		n, err := strconv.ParseInt(cmp.Or(text, number.String()), 10, 64)
		if err != nil {
			return empty, fmt.Errorf("%s: %.80q is not a whole number of 64 bits", path, cmp.Or(text, number.String()))
		}
		return protoreflect.ValueOfInt64(n), nil
	case protoreflect.DoubleKind:
		if !isNumber {
			return empty, wrong(path, "a number", value)
		}
		n, err := number.Float64()
		if err != nil {
			return empty, fmt.Errorf("%s: %.80s is not a number that 64 bits hold", path, number)
		}
		return protoreflect.ValueOfFloat64(n), nil
	}
	return empty, fmt.Errorf("%s: fields of kind %s are not known here", path, field.Kind())
}

func names(values protoreflect.EnumValueDescriptors) string {
	var all []string
	for i := range values.Len() {
		all = append(all, string(values.Get(i).Name()))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
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

// Encode writes a message as JSON.
func Encode(message proto.Message) ([]byte, error) {
	data, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", message.ProtoReflect().Descriptor().Name(), err)
	}
	// protojson varies its white space on purpose; responses must not vary.
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, err
	}
	return compact.Bytes(), nil
}
