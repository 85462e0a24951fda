package wire

import (
	"fmt"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
	"github.com/gce-backend/gce-backend/shared/cloud/catalog/dimension"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

const (
	maxText   = 256 // bytes of a text dimension
	maxLabels = 64
	maxNumber = 1 << 30 // of a numeric dimension
)

// Dimensions reads the dimensions of a machine or of a request.
func Dimensions(path string, message *machineproviderpb.Dimensions) (leasing.Dimensions, error) {
	read := leasing.Dimensions{}
	var problem error
	message.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		at := join(path, string(field.Name()))
		if field.IsList() {
			read.SnapshotLabels, problem = labels(at, value.List())
			return problem == nil
		}
		text := ""
		if text, problem = canonical(at, field, value); problem != nil {
			return false
		}
		if read.Values == nil {
			read.Values = map[string]string{}
		}
		read.Values[string(field.Name())] = text
		return true
	})
	return read, problem
}

func labels(path string, list protoreflect.List) ([]string, error) {
	if list.Len() > maxLabels {
		return nil, fmt.Errorf("%s: it has %d entries; the limit is %d", path, list.Len(), maxLabels)
	}
	var all []string
	for i := range list.Len() {
		label := list.Get(i).String()
		if err := Text(fmt.Sprintf("%s[%d]", path, i), label, maxText); err != nil {
			return nil, err
		}
		all = append(all, label)
	}
	return all, nil
}

// canonical returns a value as text; equal values have equal texts.
func canonical(path string, field protoreflect.FieldDescriptor, value protoreflect.Value) (string, error) {
	switch field.Kind() {
	case protoreflect.EnumKind:
		return string(field.Enum().Values().ByNumber(value.Enum()).Name()), nil
	case protoreflect.Int64Kind:
		if n := value.Int(); n < 0 || n > maxNumber {
			return "", fmt.Errorf("%s: %d is not between 0 and %d", path, n, maxNumber)
		}
		return strconv.FormatInt(value.Int(), 10), nil
	case protoreflect.DoubleKind:
		n := value.Float()
		if !(n >= 0 && n <= maxNumber) {
			return "", fmt.Errorf("%s: %g is not between 0 and %d", path, n, maxNumber)
		}
		return strconv.FormatFloat(n+0, 'f', -1, 64), nil // + 0 makes -0 a 0
	}
	text := value.String()
	if field.Name() == leasing.Hostname {
		if err := leasing.CheckHostname(text); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		return text, nil
	}
	return text, Text(path, text, maxText)
}

// Text refuses a text that is too long or cannot be printed.
func Text(path, text string, limit int) error {
	if len(text) > limit {
		return fmt.Errorf("%s: it has %d bytes; the limit is %d", path, len(text), limit)
	}
	if !utf8.ValidString(text) || slices.ContainsFunc([]rune(text), unicode.IsControl) {
		return fmt.Errorf("%s: it has characters that cannot be printed", path)
	}
	return nil
}

// DimensionsMessage is the inverse of Dimensions.
func DimensionsMessage(d leasing.Dimensions) *machineproviderpb.Dimensions {
	message := &machineproviderpb.Dimensions{SnapshotLabels: d.SnapshotLabels}
	for name, text := range d.Values {
		_ = dimension.Set(message, name, text) // leaves out values that another version stored
	}
	return message
}
