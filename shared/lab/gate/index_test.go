package gate_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"

	"github.com/gce-backend/gce-backend/terraform"
)

var operators = map[string]pb.StructuredQuery_FieldFilter_Operator{
	"==": pb.StructuredQuery_FieldFilter_EQUAL, "<": pb.StructuredQuery_FieldFilter_LESS_THAN, ">=": pb.StructuredQuery_FieldFilter_GREATER_THAN_OR_EQUAL,
	"!=": pb.StructuredQuery_FieldFilter_NOT_EQUAL, "in": pb.StructuredQuery_FieldFilter_IN, "not-in": pb.StructuredQuery_FieldFilter_NOT_IN,
	"contains": pb.StructuredQuery_FieldFilter_ARRAY_CONTAINS, "contains-any": pb.StructuredQuery_FieldFilter_ARRAY_CONTAINS_ANY,
}

// structured makes a query of filters such as "a ==" and orders such as "a" or
// "a down"; a collection that begins with * is a group.
func structured(collection string, filters, orders []string) *pb.RunQueryRequest_StructuredQuery {
	id, group := strings.CutPrefix(collection, "*")
	query := &pb.StructuredQuery{From: []*pb.StructuredQuery_CollectionSelector{{CollectionId: id, AllDescendants: group}}}
	all := &pb.StructuredQuery_CompositeFilter{Op: pb.StructuredQuery_CompositeFilter_AND}
	for _, f := range filters {
		path, op, _ := strings.Cut(f, " ")
		value := text(1)
		if strings.HasSuffix(op, "in") || op == "contains-any" {
			value = list(2)
		}
		filter := &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_FieldFilter{FieldFilter: &pb.StructuredQuery_FieldFilter{
			Field: &pb.StructuredQuery_FieldReference{FieldPath: path}, Op: operators[op], Value: value}}}
		if op == "null" {
			filter = &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_UnaryFilter{UnaryFilter: &pb.StructuredQuery_UnaryFilter{
				Op: pb.StructuredQuery_UnaryFilter_IS_NULL, OperandType: &pb.StructuredQuery_UnaryFilter_Field{Field: &pb.StructuredQuery_FieldReference{FieldPath: path}}}}}
		}
		all.Filters = append(all.Filters, filter)
	}
	if len(all.GetFilters()) > 0 {
		query.Where = &pb.StructuredQuery_Filter{FilterType: &pb.StructuredQuery_Filter_CompositeFilter{CompositeFilter: all}}
	}
	for _, o := range orders {
		path, down := strings.CutSuffix(o, " down")
		direction := pb.StructuredQuery_ASCENDING
		if down {
			direction = pb.StructuredQuery_DESCENDING
		}
		query.OrderBy = append(query.OrderBy, &pb.StructuredQuery_Order{Field: &pb.StructuredQuery_FieldReference{FieldPath: path}, Direction: direction})
	}
	return &pb.RunQueryRequest_StructuredQuery{StructuredQuery: query}
}

func list(count int) *pb.Value {
	values := make([]*pb.Value, count)
	for i := range values {
		values[i] = text(i)
	}
	return &pb.Value{ValueType: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: values}}}
}

func run(t *testing.T, client pb.FirestoreClient, query *pb.RunQueryRequest_StructuredQuery) error {
	t.Helper()
	stream, err := client.RunQuery(routed(t.Context()), &pb.RunQueryRequest{Parent: database + "/documents", QueryType: query})
	for err == nil {
		_, err = stream.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

const testIndexes = `
composite:
  - {collection: c, scope: COLLECTION, fields: [{a: ASCENDING}, {b: ASCENDING}]}
  - {collection: c, scope: COLLECTION, fields: [{d: ASCENDING}, {b: ASCENDING}]}
  - {collection: c, scope: COLLECTION, fields: [{a: ASCENDING}, {b: ASCENDING}, {t: DESCENDING}]}
  - {collection: c, scope: COLLECTION, fields: [{tags: CONTAINS}, {b: ASCENDING}]}
  - {collection: c, scope: COLLECTION_GROUP, fields: [{g: ASCENDING}, {h: ASCENDING}]}
collectionGroupFields:
  - {collection: c, field: g}
ttl:
  - {collection: c, field: expireAt}
unindexed:
  - {collection: c, field: large}
`

func TestIndexes(t *testing.T) {
	indexes, err := terraform.ParseIndexes([]byte(testIndexes))
	if err != nil {
		t.Fatal(err)
	}
	client, _, _ := start(t, indexes)
	type strings = []string
	for _, c := range []struct {
		rule            string
		collection      string
		filters, orders strings
		served          bool
	}{
		{"names", "c", nil, nil, true},
		{"names", "*c", nil, strings{"__name__"}, true},
		{"names", "c", strings{"__name__ >="}, strings{"__name__"}, true},
		{"single field", "c", strings{"x =="}, nil, true},
		{"single field", "c", strings{"x null"}, strings{"__name__"}, true},
		{"single field", "c", strings{"x <"}, strings{"x", "__name__"}, true},
		{"single field", "c", strings{"x !="}, nil, true},
		{"single field", "c", nil, strings{"x down", "__name__ down"}, true},
		{"single field", "c", strings{"x contains"}, nil, true},
		{"single field", "c", strings{"x in"}, nil, true},
		{"exempt by ttl", "c", strings{"expireAt <"}, nil, false},
		{"exempt", "c", strings{"large =="}, nil, false},
		{"exempt", "c", nil, strings{"large"}, false},
		{"exempt with its parts", "c", strings{"large.part =="}, nil, false},
		{"exempt in its own collection only", "e", strings{"large =="}, nil, true},

		{"merged equalities", "c", strings{"x ==", "y =="}, nil, true},
		{"merged equalities", "c", strings{"x ==", "y contains", "z in"}, nil, true},
		{"merged with one that is exempt", "c", strings{"x ==", "large =="}, nil, false},
		{"composite", "c", strings{"a =="}, strings{"b", "__name__"}, true},
		{"composite, the other way round", "c", strings{"a =="}, strings{"b down", "__name__ down"}, true},
		{"composite for a range", "c", strings{"a ==", "b >="}, nil, true},
		{"composite with in", "c", strings{"a in"}, strings{"b"}, true},
		{"no composite", "c", strings{"b =="}, strings{"a"}, false},
		{"no composite", "c", strings{"x ==", "y <"}, nil, false},
		{"no composite", "c", nil, strings{"x", "y"}, false},
		{"composite of another collection", "e", strings{"a =="}, strings{"b"}, false},
		{"merged composites", "c", strings{"a ==", "d =="}, strings{"b"}, true},
		{"merged with a single field", "c", strings{"a ==", "x =="}, strings{"b"}, false},

		{"order of orders", "c", strings{"a =="}, strings{"b", "t down"}, true},
		{"order of orders, reversed", "c", strings{"a =="}, strings{"b down", "t"}, true},
		{"order of orders, one of them reversed", "c", strings{"a =="}, strings{"b", "t"}, false},
		{"order of orders", "c", strings{"a =="}, strings{"t down", "b"}, false},
		{"prefix of an index", "c", strings{"a =="}, strings{"t"}, false},
		{"equality in the middle", "c", strings{"a ==", "b =="}, strings{"t down"}, true},

		{"array", "c", strings{"tags contains"}, strings{"b"}, true},
		{"array", "c", strings{"tags contains-any"}, strings{"b"}, true},
		{"an array's index for an equality", "c", strings{"tags =="}, strings{"b"}, false},
		{"an equality's index for an array", "c", strings{"a contains"}, strings{"b"}, false},

		{"group", "*c", strings{"g =="}, nil, true},
		{"group", "*c", nil, strings{"g down"}, true},
		{"group", "*c", strings{"g =="}, strings{"h"}, true},
		{"group without its index", "*c", strings{"x =="}, nil, false},
		{"group, array", "*c", strings{"g contains"}, nil, false},
		{"group with a collection's index", "*c", strings{"a =="}, strings{"b"}, false},
		{"collection with a group's index", "c", strings{"g =="}, strings{"h"}, false},
	} {
		query := structured(c.collection, c.filters, c.orders)
		code, text := codes.OK, ""
		if !c.served {
			code, text = codes.FailedPrecondition, "The query requires an index."
		}
		name := c.rule + ": " + query.StructuredQuery.String()
		want(t, name, run(t, client, query), code, text)

		stream, err := client.RunAggregationQuery(routed(t.Context()), &pb.RunAggregationQueryRequest{Parent: database + "/documents",
			QueryType: &pb.RunAggregationQueryRequest_StructuredAggregationQuery{StructuredAggregationQuery: &pb.StructuredAggregationQuery{
				QueryType: &pb.StructuredAggregationQuery_StructuredQuery{StructuredQuery: query.StructuredQuery}}}})
		if err == nil {
			if _, err = stream.Recv(); errors.Is(err, io.EOF) {
				err = nil
			}
		}
		want(t, "count, "+name, err, code, text)
	}
}

func TestValuesOfIn(t *testing.T) {
	client, _, _ := start(t, terraform.Indexes{})
	for _, c := range []struct {
		filters []string
		counts  []int
		text    string
	}{
		{[]string{"x in"}, []int{30}, ""},
		{[]string{"x in"}, []int{31}, "'IN' supports up to 30 comparison values."},
		{[]string{"x in"}, []int{0}, "'IN' requires a non-empty ArrayValue."},
		{[]string{"x contains-any"}, []int{31}, "'ARRAY_CONTAINS_ANY' supports up to 30"},
		{[]string{"x not-in"}, []int{10}, ""},
		{[]string{"x not-in"}, []int{11}, "'NOT_IN' supports up to 10"},
		{[]string{"x in", "y in"}, []int{5, 6}, ""},
		{[]string{"x in", "y in"}, []int{6, 6}, "supports up to 30"},
	} {
		query := structured("c", c.filters, nil)
		for i, filter := range query.StructuredQuery.GetWhere().GetCompositeFilter().GetFilters() {
			filter.GetFieldFilter().Value = list(c.counts[i])
		}
		code := codes.OK
		if c.text != "" {
			code = codes.InvalidArgument
		}
		want(t, query.StructuredQuery.String()[:40], run(t, client, query), code, c.text)
	}
}

// The gate refuses a query that it does not know, rather than let it pass.
func TestQueriesThatTheGateDoesNotKnow(t *testing.T) {
	client, _, _ := start(t, terraform.Indexes{})
	either := structured("c", []string{"x ==", "y =="}, nil)
	either.StructuredQuery.GetWhere().GetCompositeFilter().Op = pb.StructuredQuery_CompositeFilter_OR
	want(t, "or", run(t, client, either), codes.Unimplemented, "OR")
	want(t, "direction of the name", run(t, client, structured("c", nil, []string{"x", "__name__ down"})), codes.Unimplemented, "direction")
	want(t, "no query", run(t, client, nil), codes.Unimplemented, "structured")
}
