package firestore

import (
	"fmt"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func toMap(entries map[string]any) (map[string]*pb.Value, error) {
	values := make(map[string]*pb.Value, len(entries))
	for name, entry := range entries {
		value, err := toValue(entry)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		values[name] = value
	}
	return values, nil
}

func toValue(value any) (*pb.Value, error) {
	switch v := value.(type) {
	case nil:
		return &pb.Value{ValueType: &pb.Value_NullValue{NullValue: structpb.NullValue_NULL_VALUE}}, nil
	case bool:
		return &pb.Value{ValueType: &pb.Value_BooleanValue{BooleanValue: v}}, nil
	case int64:
		return &pb.Value{ValueType: &pb.Value_IntegerValue{IntegerValue: v}}, nil
	case float64:
		return &pb.Value{ValueType: &pb.Value_DoubleValue{DoubleValue: v}}, nil
	case time.Time:
		return &pb.Value{ValueType: &pb.Value_TimestampValue{TimestampValue: timestamppb.New(store.Truncate(v))}}, nil
	case string:
		return &pb.Value{ValueType: &pb.Value_StringValue{StringValue: v}}, nil
	case []byte:
		return &pb.Value{ValueType: &pb.Value_BytesValue{BytesValue: v}}, nil
	case []any:
		items := make([]*pb.Value, len(v))
		for i, item := range v {
			var err error
			if items[i], err = toValue(item); err != nil {
				return nil, err
			}
		}
		return &pb.Value{ValueType: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: items}}}, nil
	case map[string]any:
		fields, err := toMap(v)
		if err != nil {
			return nil, err
		}
		return &pb.Value{ValueType: &pb.Value_MapValue{MapValue: &pb.MapValue{Fields: fields}}}, nil
	}
	return nil, fmt.Errorf("a document cannot hold a %T", value)
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

// fromValue returns a value of a type that the suite never writes unchanged:
// decoding that document then fails and names the field, and others are not
// affected.
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
		if v.BytesValue == nil {
			return []byte{}
		}
		return v.BytesValue
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
