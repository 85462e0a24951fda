package memory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

// TestIndexesAgreeWithAScan runs random queries on a collection that is large
// enough for indexes, and compares their results with those on collections of
// the same documents that are too small for indexes.
func TestIndexesAgreeWithAScan(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ctx := context.Background()
	indexed := memory.New(time.Now)
	contents := map[store.Key]store.Fields{}
	value := func() any {
		return []any{int64(random.IntN(4)), float64(random.IntN(4)), "x", "y", true, nil, []any{"x", int64(random.IntN(3))}, []any{}}[random.IntN(8)]
	}
	for round := range 150 {
		for range 5 {
			key := store.MustKey("instances", fmt.Sprint(random.IntN(300)))
			fields := store.Fields{}
			for _, name := range []string{"a", "b", "c"} {
				if random.IntN(5) > 0 {
					fields[name] = value()
				}
			}
			write := store.Put(key, fields)
			contents[key] = fields
			if random.IntN(4) == 0 {
				write = store.Delete(key)
				delete(contents, key)
			}
			commit(t, indexed, write)
		}
		query := randomQuery(random, value)
		got, err := indexed.Find(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		if want := scan(t, contents, query); !reflect.DeepEqual(keysOf(got), want) {
			t.Fatalf("round %d: %+v found\n%v, want\n%v", round, query, keysOf(got), want)
		}
	}
}

func randomQuery(random *rand.Rand, value func() any) store.Query {
	names := []string{"a", "b", "c"}
	query := store.Query{Collection: "instances", Limit: random.IntN(3) * 7}
	for range random.IntN(3) {
		filter := store.Filter{Field: names[random.IntN(3)], Op: []store.Op{store.Equal, store.Less, store.LessOrEqual, store.Greater, store.GreaterOrEqual}[random.IntN(5)], Value: value()}
		if filter.Op != store.Equal && filter.Value == nil {
			filter.Value = "x"
		}
		query.Where = append(query.Where, filter)
	}
	if random.IntN(3) == 0 {
		query.Where = append(query.Where, store.Filter{Field: names[random.IntN(3)], Op: store.Contains, Value: "x"})
	}
	for _, i := range random.Perm(3)[:random.IntN(3)] {
		query.OrderBy = append(query.OrderBy, store.Order{Field: names[i], Descending: random.IntN(2) == 0})
	}
	if random.IntN(2) == 0 {
		after := store.Document{Key: store.MustKey("instances", fmt.Sprint(random.IntN(300))), Fields: store.Fields{}}
		for _, name := range names {
			after.Fields[name] = value()
		}
		query.After = &after
	}
	return query
}

// scan runs a query without indexes: on one store per document, and then, for
// the order, on stores with only the documents found, which are too few for
// indexes.
func scan(t *testing.T, contents map[store.Key]store.Fields, query store.Query) []store.Key {
	t.Helper()
	unlimited := query
	unlimited.Limit = 0
	var found []store.Document
	for key, fields := range contents {
		single := memory.New(time.Now)
		commit(t, single, store.Put(key, fields))
		documents, err := single.Find(context.Background(), unlimited)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, documents...)
	}
	orders := query.Orders()
	for i := range found { // insertion sort
		for j := i; j > 0 && before(found[j], found[j-1], orders); j-- {
			found[j], found[j-1] = found[j-1], found[j]
		}
	}
	if query.Limit > 0 && len(found) > query.Limit {
		found = found[:query.Limit]
	}
	return keysOf(found)
}

func before(a, b store.Document, orders []store.Order) bool {
	for _, order := range orders {
		result := store.CompareKeys(a.Key, b.Key)
		if order.Field != store.KeyField {
			result = store.Compare(a.Fields[order.Field], b.Fields[order.Field])
		}
		if result != 0 {
			return result < 0 != order.Descending
		}
	}
	return false
}

func keysOf(documents []store.Document) []store.Key {
	keys := make([]store.Key, len(documents))
	for i, document := range documents {
		keys[i] = document.Key
	}
	return keys
}

// TestSweepAmongManyDocuments bounds the cost of a query in a collection of a
// hundred thousand documents; a scan would take some ten milliseconds.
func TestSweepAmongManyDocuments(t *testing.T) {
	s := filled(t)
	query := store.Query{Collection: "instances", Where: []store.Filter{equal("state", "found")}}
	if _, err := s.Find(context.Background(), query); err != nil { // builds the index
		t.Fatal(err)
	}
	const sweeps = 1000
	start := time.Now()
	for range sweeps {
		if found, err := s.Find(context.Background(), query); err != nil || len(found) != 0 {
			t.Fatalf("%v, %v", found, err)
		}
	}
	if each := time.Since(start) / sweeps; each > 2*time.Millisecond {
		t.Errorf("a query without results takes %v", each)
	}
}
