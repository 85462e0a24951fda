package firestore

import (
	"fmt"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func toMap(entries map[string]any) map[string]*pb.Value {
	values := make(map[string]*pb.Value, len(entries))
	for name, entry := range entries {
		values[name] = toValue(entry)
	}
	return values
}

// toValue returns a value in the API's form. store.CheckWrites and
// Query.Normalize have checked that a document can hold it.
func toValue(value any) *pb.Value {
	switch v := value.(type) {
	case nil:
		return &pb.Value{ValueType: &pb.Value_NullValue{NullValue: structpb.NullValue_NULL_VALUE}}
	case bool:
		return &pb.Value{ValueType: &pb.Value_BooleanValue{BooleanValue: v}}
	case int64:
		return &pb.Value{ValueType: &pb.Value_IntegerValue{IntegerValue: v}}
	case float64:
		return &pb.Value{ValueType: &pb.Value_DoubleValue{DoubleValue: v}}
	case time.Time:
		return &pb.Value{ValueType: &pb.Value_TimestampValue{TimestampValue: timestamppb.New(store.Truncate(v))}}
	case string:
		return &pb.Value{ValueType: &pb.Value_StringValue{StringValue: v}}
	case []byte:
		return &pb.Value{ValueType: &pb.Value_BytesValue{BytesValue: v}}
	case []any:
		items := make([]*pb.Value, len(v))
		for i, item := range v {
			items[i] = toValue(item)
		}
		return &pb.Value{ValueType: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: items}}}
	case map[string]any:
		return &pb.Value{ValueType: &pb.Value_MapValue{MapValue: &pb.MapValue{Fields: toMap(v)}}}
	}
	panic(fmt.Sprintf("a document cannot hold a %T", value))
}

func (s *Store) read(document *pb.Document) store.Document {
	return store.Document{
		Key:     s.key(document.GetName()),
		Fields:  fromMap(document.GetFields()),
		Version: store.Version{Time: document.GetUpdateTime().AsTime()},
	}
}

func fromMap(values map[string]*pb.Value) map[string]any {
	entries := make(map[string]any, len(values))
	for name, value := range values {
		entries[name] = fromValue(value)
	}
	return entries
}

// fromValue converts a value from the API's form. A value whose type the suite
// never writes is not converted: decoding then fails for that document alone,
// with an error that names the field.
func fromValue(value *pb.Value) any {
	switch v := value.GetValueType().(type) {
	case *pb.Value_NullValue:
		return nil
	case *pb.Value_BooleanValue:
		return v.BooleanValue
	case *pb.Value_IntegerValue:
		return v.IntegerValue
	case *pb.Value_DoubleValue:
		return v.DoubleValue
	case *pb.Value_TimestampValue:
		return v.TimestampValue.AsTime()
	case *pb.Value_StringValue:
		return v.StringValue
	case *pb.Value_BytesValue:
		return append([]byte{}, v.BytesValue...) // never nil
	case *pb.Value_ArrayValue:
		items := make([]any, len(v.ArrayValue.GetValues()))
		for i, item := range v.ArrayValue.GetValues() {
			items[i] = fromValue(item)
		}
		return items
	case *pb.Value_MapValue:
		return fromMap(v.MapValue.GetFields())
	}
	return value
}
