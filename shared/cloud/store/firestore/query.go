package firestore

import (
	"regexp"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var operators = map[store.Op]pb.StructuredQuery_FieldFilter_Operator{
	store.Equal:          pb.StructuredQuery_FieldFilter_EQUAL,
	store.Less:           pb.StructuredQuery_FieldFilter_LESS_THAN,
	store.LessOrEqual:    pb.StructuredQuery_FieldFilter_LESS_THAN_OR_EQUAL,
	store.Greater:        pb.StructuredQuery_FieldFilter_GREATER_THAN,
	store.GreaterOrEqual: pb.StructuredQuery_FieldFilter_GREATER_THAN_OR_EQUAL,
	store.In:             pb.StructuredQuery_FieldFilter_IN,
	store.Contains:       pb.StructuredQuery_FieldFilter_ARRAY_CONTAINS,
}

// structured translates a normalized query. It sends the complete ordering, so
// that a page begins exactly after the previous one.
func (s *Store) structured(query store.Query) (parent string, _ *pb.StructuredQuery) {
	parent = s.root()
	collection := query.Collection
	if i := strings.LastIndexByte(collection, '/'); i >= 0 {
		parent, collection = parent+"/"+collection[:i], collection[i+1:]
	}
	structured := &pb.StructuredQuery{
		From:  []*pb.StructuredQuery_CollectionSelector{{CollectionId: collection, AllDescendants: query.Group}},
		Where: where(query.Where),
	}
	if query.Limit > 0 {
		structured.Limit = wrapperspb.Int32(int32(min(query.Limit, 1<<31-1))) //nolint:gosec // bounded
	}
	orders := query.Orders()
	for _, order := range orders {
		structured.OrderBy = append(structured.OrderBy, ordering(order))
	}
	if query.After != nil {
		structured.StartAt = s.cursor(*query.After, orders)
	}
	if query.Select != nil {
		structured.Select = projection(query.Select)
	}
	return parent, structured
}

func where(filters []store.Filter) *pb.StructuredQuery_Filter {
	var all []*pb.StructuredQuery_Filter
	for _, filter := range filters {
		all = append(all, translate(filter))
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_CompositeFilter{
		CompositeFilter: &pb.StructuredQuery_CompositeFilter{Op: pb.StructuredQuery_CompositeFilter_AND, Filters: all},
	}}
}

func translate(filter store.Filter) *pb.StructuredQuery_Filter {
	field := reference(filter.Field)
	if filter.Op == store.Equal && filter.Value == nil {
		return &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_UnaryFilter{
			UnaryFilter: &pb.StructuredQuery_UnaryFilter{
				Op:          pb.StructuredQuery_UnaryFilter_IS_NULL,
				OperandType: &pb.StructuredQuery_UnaryFilter_Field{Field: field},
			},
		}}
	}
	return &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_FieldFilter{
		FieldFilter: &pb.StructuredQuery_FieldFilter{Field: field, Op: operators[filter.Op], Value: toValue(filter.Value)},
	}}
}

func ordering(order store.Order) *pb.StructuredQuery_Order {
	direction := pb.StructuredQuery_ASCENDING
	if order.Descending {
		direction = pb.StructuredQuery_DESCENDING
	}
	return &pb.StructuredQuery_Order{Field: reference(order.Field), Direction: direction}
}

func (s *Store) cursor(last store.Document, orders []store.Order) *pb.Cursor {
	cursor := &pb.Cursor{Before: false}
	for _, order := range orders {
		if order.Field == store.KeyField {
			cursor.Values = append(cursor.Values, &pb.Value{ValueType: &pb.Value_ReferenceValue{ReferenceValue: s.name(last.Key)}})
			continue
		}
		field, _ := last.Fields.At(order.Field)
		cursor.Values = append(cursor.Values, toValue(field))
	}
	return cursor
}

func projection(paths []string) *pb.StructuredQuery_Projection {
	if len(paths) == 0 {
		paths = []string{store.KeyField}
	}
	projection := &pb.StructuredQuery_Projection{}
	for _, path := range paths {
		projection.Fields = append(projection.Fields, reference(path))
	}
	return projection
}

func reference(path string) *pb.StructuredQuery_FieldReference {
	names := strings.Split(path, ".")
	for i, name := range names {
		names[i] = quote(name)
	}
	return &pb.StructuredQuery_FieldReference{FieldPath: strings.Join(names, ".")}
}

var simpleName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z_0-9]*$`)

// quote returns one name of a field path in the form that Firestore requires.
func quote(name string) string {
	if simpleName.MatchString(name) {
		return name
	}
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}
