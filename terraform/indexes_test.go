package terraform

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
	"github.com/gce-backend/gce-backend/shared/records"
)

// index is what a query needs, as text, so that it can be compared: collection,
// scope, equalities in any order, and what is ordered by.
type index string

func readIndexes(t *testing.T) Indexes {
	t.Helper()
	read, err := DeployedIndexes()
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// need says which fields a query compares and orders by. Equalities may stand
// in any order, so they are sorted; a range is ordered by, even unasked.
func need(q store.Query) (collection, scope string, equal, ordered []string) {
	collection, scope = path.Base(q.Collection), "COLLECTION"
	if q.Group {
		scope = "COLLECTION_GROUP"
	}
	for _, f := range q.Where {
		switch {
		case f.Op == store.Contains:
			equal = append(equal, f.Field+":CONTAINS")
		case !f.Op.IsRange():
			equal = append(equal, f.Field+":ASCENDING")
		case !slices.ContainsFunc(q.OrderBy, func(o store.Order) bool { return o.Field == f.Field }):
			ordered = append(ordered, f.Field+":ASCENDING")
		}
	}
	for _, o := range q.OrderBy {
		direction := ":ASCENDING"
		if o.Descending {
			direction = ":DESCENDING"
		}
		if o.Field != store.KeyField {
			ordered = append(ordered, o.Field+direction)
		}
	}
	slices.Sort(equal)
	return collection, scope, slices.Compact(equal), slices.Compact(ordered)
}

// key names an index of which the first fields, compared for equality, may
// stand in any order.
func key(collection, scope string, equal, ordered []string) index {
	sorted := slices.Sorted(slices.Values(equal))
	return index(fmt.Sprintf("%s %s %s|%s", collection, scope, strings.Join(sorted, " "), strings.Join(ordered, " ")))
}

// Every query has its index, and every index its query. A missing index never
// fails in the emulator.
func TestIndexes(t *testing.T) {
	read := readIndexes(t)
	unused := map[string]bool{}
	composite := map[index]string{} // each way to use one
	for _, i := range read.Composite {
		var fields []string
		for _, f := range i.Fields {
			for name, order := range f {
				fields = append(fields, name+":"+order)
			}
		}
		name := i.Collection + " " + strings.Join(fields, " ")
		unused[name] = true
		for n := range len(fields) + 1 {
			composite[key(i.Collection, i.Scope, fields[:n], fields[n:])] = name
		}
	}
	single := map[string]bool{}
	for _, f := range read.CollectionGroupFields {
		single[f.Collection+"."+f.Field] = true
		unused[f.Collection+"."+f.Field] = true
	}
	for _, q := range slices.Concat(queriesOfRecords(t), broker.Queries()) {
		if q.Name == "" {
			t.Errorf("a query without a name: %+v", q)
		}
		collection, scope, equal, ordered := need(q)
		for _, f := range slices.Concat(read.TTL, read.Unindexed) {
			if f.Collection == collection && slices.ContainsFunc(slices.Concat(equal, ordered), func(s string) bool { return strings.HasPrefix(s, f.Field+":") }) {
				t.Errorf("%q uses %s, which is not indexed", q.Name, f.Field)
			}
		}
		switch {
		case len(equal)+len(ordered) > 1:
			name, found := composite[key(collection, scope, equal, ordered)]
			if !found {
				t.Errorf("%q has no composite index %s", q.Name, key(collection, scope, equal, ordered))
			}
			delete(unused, name)
		case len(equal)+len(ordered) == 1 && q.Group:
			field, _, _ := strings.Cut(slices.Concat(equal, ordered)[0], ":")
			if !single[collection+"."+field] {
				t.Errorf("%q has no index on %s.%s for the collection group", q.Name, collection, field)
			}
			delete(unused, collection+"."+field)
		}
	}
	for name := range unused {
		t.Errorf("no query uses the index on %s", name)
	}
}

// queriesOfRecords calls each method of records.Records, with all arguments and
// with as few as possible, and returns the queries that it makes.
func queriesOfRecords(t *testing.T) []store.Query {
	t.Helper()
	var made []store.Query
	recorder := faulty.New(memory.New(time.Now), faulty.Hooks{Fault: func(_ context.Context, call faulty.Call) faulty.Fault {
		if call.Method == faulty.Find || call.Method == faulty.Count {
			made = append(made, call.Query)
		}
		return faulty.Fault{}
	}})
	reader := reflect.ValueOf(records.Records{Store: recorder, Log: slog.New(slog.DiscardHandler)})
	group := &fleet.Group{Manager: fleet.Manager{Resource: fleet.Resource{State: fleet.Drained}}, Machines: fleet.Machines{Leased: 1, Pending: 1}}
	arguments := map[reflect.Type]reflect.Value{}
	for _, value := range []any{"b", 1, time.Unix(0, 0), fleet.ManagerKey{BaseName: "b", Revision: "r", Zone: "z"}, fleet.Active, fleet.Found, group} {
		arguments[reflect.TypeOf(value)] = reflect.ValueOf(value)
	}
	for method := range reader.NumMethod() {
		call := reader.Method(method)
		for _, all := range []bool{true, false} {
			in := []reflect.Value{reflect.ValueOf(t.Context())}
			for n := 1; n < call.Type().NumIn(); n++ {
				kind := call.Type().In(n)
				if call.Type().IsVariadic() && n == call.Type().NumIn()-1 {
					if !all {
						break
					}
					kind = kind.Elem()
				}
				value, known := arguments[kind]
				if !known || !all {
					value = reflect.Zero(kind)
				}
				in = append(in, value)
			}
			call.Call(in)
		}
	}
	return made
}

// The plan creates what indexes.yaml says.
func TestIndexesAreDeployed(t *testing.T) {
	p, read := planned(t), readIndexes(t)
	if got := len(p.of("google_firestore_index")); got != len(read.Composite) {
		t.Errorf("%d composite indexes are deployed, indexes.yaml has %d", got, len(read.Composite))
	}
	if got, want := len(p.of("google_firestore_field")), len(read.CollectionGroupFields)+len(read.TTL)+len(read.Unindexed); got != want {
		t.Errorf("%d fields are deployed, indexes.yaml has %d", got, want)
	}
}
