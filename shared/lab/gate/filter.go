package gate

import (
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// conjunction returns the filters that a query combines with AND.
func conjunction(where *pb.StructuredQuery_Filter) ([]*pb.StructuredQuery_Filter, error) {
	if where == nil {
		return nil, nil
	}
	composite := where.GetCompositeFilter()
	if composite == nil {
		return []*pb.StructuredQuery_Filter{where}, nil
	}
	if composite.GetOp() != pb.StructuredQuery_CompositeFilter_AND {
		return nil, status.Errorf(codes.Unimplemented, "the gate knows no filters with %s", composite.GetOp())
	}
	var all []*pb.StructuredQuery_Filter
	for _, filter := range composite.GetFilters() {
		some, err := conjunction(filter)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// compared returns a filter's field, its mode in the index, and whether the
// filter is an equality rather than a range.
func compared(filter *pb.StructuredQuery_Filter) (path, mode string, equality bool) {
	if unary := filter.GetUnaryFilter(); unary != nil {
		op := unary.GetOp()
		return unary.GetField().GetFieldPath(), ascending,
			op == pb.StructuredQuery_UnaryFilter_IS_NULL || op == pb.StructuredQuery_UnaryFilter_IS_NAN
	}
	field := filter.GetFieldFilter()
	path = field.GetField().GetFieldPath()
	switch field.GetOp() {
	case pb.StructuredQuery_FieldFilter_EQUAL, pb.StructuredQuery_FieldFilter_IN:
		return path, ascending, true
	case pb.StructuredQuery_FieldFilter_ARRAY_CONTAINS, pb.StructuredQuery_FieldFilter_ARRAY_CONTAINS_ANY:
		return path, contains, true
	}
	return path, ascending, false
}
