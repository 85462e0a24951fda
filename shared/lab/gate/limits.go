package gate

import (
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Source: https://firebase.google.com/docs/firestore/quotas, "Limits": maximum
// API request size, maximum size for a document.
const (
	maxRequest  = 10 << 20
	maxDocument = 1 << 20
)

// Source: https://firebase.google.com/docs/firestore/query-data/queries,
// "Query limitations": in and array-contains-any combine up to 30 values,
// not-in up to 10.
var maxValues = map[pb.StructuredQuery_FieldFilter_Operator]int{
	pb.StructuredQuery_FieldFilter_IN:                 30,
	pb.StructuredQuery_FieldFilter_ARRAY_CONTAINS_ANY: 30,
	pb.StructuredQuery_FieldFilter_NOT_IN:             10,
}

func checkRequestSize(size int) error {
	if size > maxRequest {
		return status.Errorf(codes.InvalidArgument, "Request payload size exceeds the limit: %d bytes.", maxRequest)
	}
	return nil
}

func checkValues(filters []*pb.StructuredQuery_Filter) error {
	disjunctions := 1
	for _, filter := range filters {
		most, limited := maxValues[filter.GetFieldFilter().GetOp()]
		if !limited {
			continue
		}
		name, count := filter.GetFieldFilter().GetOp(), len(filter.GetFieldFilter().GetValue().GetArrayValue().GetValues())
		if count == 0 {
			return status.Errorf(codes.InvalidArgument, "'%s' requires a non-empty ArrayValue.", name)
		}
		if name != pb.StructuredQuery_FieldFilter_NOT_IN {
			disjunctions *= count
		}
		if count > most || disjunctions > most {
			return status.Errorf(codes.InvalidArgument, "'%s' supports up to %d comparison values.", name, most)
		}
	}
	return nil
}

// checkWrites refuses documents that are too large. It sees only the fields that
// a write with a mask sends; the emulator checks the whole document against the
// same limit.
func checkWrites(writes []*pb.Write) error {
	for _, write := range writes {
		document := write.GetUpdate()
		if size := documentSize(document); document != nil && size > maxDocument {
			return status.Errorf(codes.InvalidArgument,
				"Document '%s' cannot be written because its size (%d bytes) exceeds the maximum allowed size of %d bytes.",
				document.GetName(), size, maxDocument)
		}
	}
	return nil
}

// documentSize returns a document's size in bytes.
//
// Source: https://firebase.google.com/docs/firestore/storage-size.
func documentSize(document *pb.Document) int {
	return nameSize(document.GetName()) + fieldsSize(document.GetFields()) + 32
}

// nameSize returns the size of a document's name: 16 bytes, and for each id its
// length and one byte.
func nameSize(name string) int {
	_, ids, _ := strings.Cut(name, "/documents/")
	return len(ids) + 1 + 16
}

func fieldsSize(fields map[string]*pb.Value) int {
	size := 0
	for name, value := range fields {
		size += len(name) + 1 + valueSize(value)
	}
	return size
}

func valueSize(value *pb.Value) int {
	switch v := value.GetValueType().(type) {
	case *pb.Value_NullValue, *pb.Value_BooleanValue:
		return 1
	case *pb.Value_StringValue:
		return len(v.StringValue) + 1
	case *pb.Value_BytesValue:
		return len(v.BytesValue)
	case *pb.Value_ReferenceValue:
		return nameSize(v.ReferenceValue)
	case *pb.Value_GeoPointValue:
		return 16
	case *pb.Value_ArrayValue:
		size := 0
		for _, item := range v.ArrayValue.GetValues() {
			size += valueSize(item)
		}
		return size
	case *pb.Value_MapValue:
		return fieldsSize(v.MapValue.GetFields())
	}
	return 8 // a number or a time
}
