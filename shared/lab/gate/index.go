package gate

import (
	"fmt"
	"slices"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gce-backend/gce-backend/terraform"
)

// keyField is the field that represents a document's name.
const keyField = "__name__"

// The modes of a field in an index.
const (
	ascending  = "ASCENDING"
	descending = "DESCENDING"
	contains   = "CONTAINS"
)

// part is a field of an index, or a field that a query needs in an index.
type part struct{ path, mode string }

// need is what a query needs from an index. The fields that it compares for
// equality, or for an element of an array, come first, in any order. The fields
// that the query is ordered by follow.
type need struct {
	collection, scope string
	equal, ordered    []part
	keyDescending     bool
}

// checkIndex refuses a query that no index serves.
//
// Source: https://firebase.google.com/docs/firestore/query-data/index-overview:
// every query is served by an index. By default, each field that is not exempt
// has single-field indexes with collection scope: ascending, descending and for
// array-contains. An index with collection group scope must be defined.
// A composite index has its fields in order, and can be scanned in reverse.
// "Index merging" uses several indexes for one query: each begins with some of
// the fields compared for equality, and all end with the fields that the query
// is ordered by. The error is the service's.
func checkIndex(indexes terraform.Indexes, parent string, query *pb.StructuredQuery, filters []*pb.StructuredQuery_Filter) error {
	if len(query.GetFrom()) != 1 {
		return status.Error(codes.Unimplemented, "the gate knows queries of one collection only")
	}
	needed, err := needOf(query, filters)
	if err != nil {
		return err
	}
	if needed.servedBy(candidates(indexes, needed)) {
		return nil
	}
	return status.Errorf(codes.FailedPrecondition, "The query requires an index. You can create it here: "+
		"https://console.firebase.google.com/v1/r/%s/firestore/indexes (%s: write it into terraform/indexes.yaml)", parent, needed)
}

func needOf(query *pb.StructuredQuery, filters []*pb.StructuredQuery_Filter) (need, error) {
	needed := need{collection: query.GetFrom()[0].GetCollectionId(), scope: "COLLECTION"}
	if query.GetFrom()[0].GetAllDescendants() {
		needed.scope = "COLLECTION_GROUP"
	}
	var ranges []string
	for _, filter := range filters {
		path, mode, equality := compared(filter)
		switch {
		case path == keyField:
		case equality:
			needed.equal = append(needed.equal, part{path, mode})
		default:
			ranges = append(ranges, path)
		}
	}
	direction := ascending
	for _, order := range query.GetOrderBy() {
		direction = ascending
		if order.GetDirection() == pb.StructuredQuery_DESCENDING {
			direction = descending
		}
		if path := order.GetField().GetFieldPath(); path == keyField {
			needed.keyDescending = direction == descending
		} else if !slices.ContainsFunc(needed.equal, func(p part) bool { return p.path == path && p.mode != contains }) {
			needed.ordered = append(needed.ordered, part{path, direction})
		}
	}
	slices.Sort(ranges)
	for _, path := range slices.Compact(ranges) { // a query is ordered by its range fields implicitly
		if !slices.ContainsFunc(needed.ordered, func(p part) bool { return p.path == path }) {
			needed.ordered = append(needed.ordered, part{path, direction})
		}
	}
	if last := len(needed.ordered) - 1; last >= 0 && len(query.GetOrderBy()) > 0 &&
		query.GetOrderBy()[len(query.GetOrderBy())-1].GetField().GetFieldPath() == keyField &&
		needed.keyDescending != (needed.ordered[last].mode == descending) {
		return need{}, status.Error(codes.Unimplemented, "the gate knows no index whose name has another direction than its last field")
	}
	return needed, nil
}

// candidates returns the indexes of the query's collection and scope.
func candidates(indexes terraform.Indexes, needed need) [][]part {
	var all [][]part
	for _, composite := range indexes.Composite {
		if composite.Collection != needed.collection || composite.Scope != needed.scope {
			continue
		}
		var fields []part
		for _, entry := range composite.Fields {
			for path, mode := range entry {
				fields = append(fields, part{path, mode})
			}
		}
		all = append(all, fields)
	}
	for _, field := range slices.Concat(needed.equal, needed.ordered) {
		within := func(of terraform.Field) bool {
			return of.Collection == needed.collection && (of.Field == field.path || strings.HasPrefix(field.path, of.Field+"."))
		}
		switch {
		case slices.ContainsFunc(slices.Concat(indexes.TTL, indexes.Unindexed), within):
		case needed.scope == "COLLECTION":
			all = append(all, []part{field})
		case field.mode != contains && slices.ContainsFunc(indexes.CollectionGroupFields, within):
			all = append(all, []part{field})
		}
	}
	return all
}

// servedBy reports whether one of these indexes, or several merged, serve the
// query.
func (n need) servedBy(indexes [][]part) bool {
	if len(n.equal)+len(n.ordered) == 0 {
		return true // documents can always be found by name
	}
	served := map[part]bool{}
	fits := false
	for _, index := range indexes {
		first := len(index) - len(n.ordered)
		if first < 0 || !follows(index[first:], n.ordered) {
			continue
		}
		var compared []part
		for _, field := range index[:first] {
			i := slices.IndexFunc(n.equal, func(p part) bool {
				return p.path == field.path && (p.mode == contains) == (field.mode == contains)
			})
			if i < 0 {
				break
			}
			compared = append(compared, n.equal[i])
		}
		if len(compared) < first {
			continue
		}
		fits = true
		for _, field := range compared {
			served[field] = true
		}
	}
	return fits && !slices.ContainsFunc(n.equal, func(p part) bool { return !served[p] })
}

// follows reports whether an index's fields are in the required order or its
// reverse.
func follows(fields, ordered []part) bool {
	reverse := map[string]string{ascending: descending, descending: ascending}
	forwards, backwards := true, true
	for i, field := range fields {
		forwards = forwards && field == ordered[i]
		backwards = backwards && field == part{ordered[i].path, reverse[ordered[i].mode]}
	}
	return forwards || backwards
}

func (n need) String() string {
	var fields []string
	for _, field := range slices.Concat(n.equal, n.ordered) {
		fields = append(fields, fmt.Sprintf("{%s: %s}", field.path, field.mode))
	}
	return fmt.Sprintf("{collection: %s, scope: %s, fields: [%s]}", n.collection, n.scope, strings.Join(fields, ", "))
}
