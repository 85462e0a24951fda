// Package dimension accesses the Machine Provider's dimensions by their names,
// through the descriptor of their message: a dimension that is added to the
// proto can at once be configured, checked, offered and stored.
package dimension

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
)

// own lists the dimensions that each machine has for itself.
var own = []string{"hostname", "backend"}

// Own reports whether a dimension belongs to the single machine, so that a
// template cannot set it.
func Own(name string) bool { return slices.Contains(own, name) }

// Names lists the dimensions that a template may set, in the message's order.
func Names() []string {
	var names []string
	fields := descriptor().Fields()
	for i := range fields.Len() {
		if name := string(fields.Get(i).Name()); !Own(name) {
			names = append(names, name)
		}
	}
	return names
}

// Field returns the dimension with a name; nil if there is none.
func Field(name string) protoreflect.FieldDescriptor {
	return descriptor().Fields().ByName(protoreflect.Name(name))
}

func descriptor() protoreflect.MessageDescriptor {
	return (*pb.Dimensions)(nil).ProtoReflect().Descriptor()
}

// Values lists the values of a dimension whose type is an enumeration; nil for
// any other dimension.
func Values(field protoreflect.FieldDescriptor) []string {
	if field.Enum() == nil {
		return nil
	}
	var names []string
	values := field.Enum().Values()
	for i := range values.Len() {
		names = append(names, string(values.Get(i).Name()))
	}
	return names
}

var errUnknown = errors.New("the Machine Provider has no such dimension")

// Set sets a dimension from a text. If the dimension is a list, Set adds the
// text unless the list has it already.
func Set(d *pb.Dimensions, name, text string) error {
	field := Field(name)
	if field == nil {
		return errUnknown
	}
	value, err := parse(field, text)
	if err != nil {
		return err
	}
	set(d, field, value)
	return nil
}

func set(d *pb.Dimensions, field protoreflect.FieldDescriptor, value protoreflect.Value) {
	if !field.IsList() {
		d.ProtoReflect().Set(field, value)
		return
	}
	list := d.ProtoReflect().Mutable(field).List()
	for i := range list.Len() {
		if list.Get(i).Equal(value) {
			return
		}
	}
	list.Append(value)
}

// Given makes the dimensions that a template sets, each as name:value. The last
// value of a name wins, and an empty or zero value removes the dimension.
func Given(pairs ...string) (*pb.Dimensions, error) {
	d := &pb.Dimensions{}
	for _, pair := range pairs {
		name, text, _ := strings.Cut(pair, ":")
		field := Field(name)
		if field == nil || Own(name) {
			return nil, fmt.Errorf("dimension %s: %w", name, errUnknown)
		}
		value, err := parse(field, text)
		switch {
		case text == "" && field.Enum() != nil, err == nil && !field.IsList() && reflect.ValueOf(value.Interface()).IsZero():
			d.ProtoReflect().Clear(field)
		case err != nil:
			return nil, fmt.Errorf("dimension %s: %w", name, err)
		default:
			set(d, field, value)
		}
	}
	return d, nil
}

func parse(field protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	switch field.Kind() {
	case protoreflect.EnumKind:
		value := field.Enum().Values().ByName(protoreflect.Name(text))
		if value == nil {
			return protoreflect.Value{}, fmt.Errorf("it cannot be %q", text)
		}
		return protoreflect.ValueOfEnum(value.Number()), nil
	case protoreflect.Int64Kind:
		n, err := strconv.ParseInt(text, 10, 64)
		return protoreflect.ValueOfInt64(n), err
	case protoreflect.DoubleKind:
		n, err := strconv.ParseFloat(text, 64)
		return protoreflect.ValueOfFloat64(n), err
	}
	return protoreflect.ValueOfString(text), nil
}
