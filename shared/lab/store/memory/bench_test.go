package memory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

const pool = 100_000

func filled(tb testing.TB) *memory.Store {
	tb.Helper()
	s := memory.New(time.Now)
	for start := 0; start < pool; start += store.MaxWrites {
		if _, err := s.Commit(context.Background(), chunk(start)...); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

func chunk(start int) []store.Write {
	writes := make([]store.Write, store.MaxWrites)
	for i := range writes {
		writes[i] = store.Put(store.MustKey("instances", fmt.Sprintf("vm-%06d", start+i)), store.Fields{
			"state": "cataloged", "manager": fmt.Sprintf("group-%d", (start+i)%100), "created": time.UnixMicro(int64(start + i)).UTC(),
		})
	}
	return writes
}

func equal(field, value string) store.Filter {
	return store.Filter{Field: field, Op: store.Equal, Value: value}
}

func BenchmarkFind(b *testing.B) {
	s := filled(b)
	for name, query := range map[string]store.Query{
		"state without results": {Collection: "instances", Where: []store.Filter{equal("state", "found")}},
		"group of 1000":         {Collection: "instances", Where: []store.Filter{equal("manager", "group-7"), equal("state", "cataloged")}},
		"page of 500": {Collection: "instances", Where: []store.Filter{equal("state", "cataloged")}, Limit: 500,
			After: &store.Document{Key: "instances/vm-070000"}},
		"oldest": {Collection: "instances", Where: []store.Filter{equal("state", "cataloged")}, Limit: 1, OrderBy: []store.Order{{Field: "created"}}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Find(context.Background(), query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCommit500(b *testing.B) {
	s := filled(b)
	if _, err := s.Find(context.Background(), store.Query{Collection: "instances", Where: []store.Filter{equal("state", "found")}}); err != nil {
		b.Fatal(err)
	}
	for start := 0; b.Loop(); start = (start + store.MaxWrites) % pool {
		if _, err := s.Commit(context.Background(), chunk(start)...); err != nil {
			b.Fatal(err)
		}
	}
}
