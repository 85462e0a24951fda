package metered_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
	"github.com/gce-backend/gce-backend/shared/lab/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return metered.New(memory.New(time.Now)) })
}

func TestCountsByTheRulesOfBilling(t *testing.T) {
	ctx := context.Background()
	m := metered.New(memory.New(time.Now))
	for part := range 3 {
		var writes []store.Write
		for i := range 500 {
			writes = append(writes, store.Put(store.MustKey("instances", fmt.Sprintf("%d-%d", part, i)), store.Fields{"state": "found"}))
		}
		commit(t, m, writes...)
	}
	commit(t, m, store.Delete("instances/0-0"), store.Put("templates/a/revisions/r", store.Fields{}))
	if _, err := m.Commit(ctx, store.Create("instances/1-1", store.Fields{})); err == nil {
		t.Fatal("a second create was done")
	}
	m.Reset()
	for _, c := range []struct {
		title      string
		call       func(ctx context.Context) error
		collection string
		want       metered.Counts
	}{
		{"get, also missing", func(ctx context.Context) error {
			_, err := m.Get(ctx, "instances/1-1", "instances/none")
			return err
		}, "instances", metered.Counts{Reads: 2}},
		{"find", find(m, store.Query{Collection: "instances", Limit: 7}), "instances", metered.Counts{Reads: 7}},
		{"find nothing", find(m, store.Query{Collection: "instances", Where: []store.Filter{{Field: "state", Op: store.Equal, Value: "x"}}}),
			"instances", metered.Counts{Reads: 1}},
		{"find in a subcollection", find(m, store.Query{Collection: "templates/a/revisions"}), "revisions", metered.Counts{Reads: 1}},
		{"find in a group", find(m, store.Query{Collection: "revisions", Group: true}), "revisions", metered.Counts{Reads: 1}},
		{"count 1499", count(m, store.Query{Collection: "instances"}), "instances", metered.Counts{Reads: 2}},
		{"count nothing", count(m, store.Query{Collection: "none"}), "none", metered.Counts{Reads: 1}},
		{"refused", func(ctx context.Context) error {
			_, err := m.Commit(ctx, store.Create("instances/1-1", store.Fields{}), store.Delete("instances/1-2"))
			if err == nil {
				return fmt.Errorf("it was done")
			}
			return nil
		}, "instances", metered.Counts{}},
		{"write and delete", func(ctx context.Context) error {
			_, err := m.Commit(ctx, store.Put("instances/1-1", store.Fields{}), store.Delete("instances/1-2"))
			return err
		}, "instances", metered.Counts{Writes: 1, Deletes: 1}},
	} {
		t.Run(c.title, func(t *testing.T) {
			if err := c.call(metered.WithJob(ctx, c.title)); err != nil {
				t.Fatal(err)
			}
			counted := m.Reset()
			if got := counted[metered.Source{Job: c.title, Collection: c.collection}]; got != c.want || counted.Total() != c.want ||
				counted.Job(c.title) != c.want || counted.Collection(c.collection) != c.want {
				t.Errorf("counted %+v, want %+v", counted, c.want)
			}
		})
	}
	if left := m.Counts(); len(left) != 0 {
		t.Errorf("after a reset: %+v", left)
	}
}

func commit(t *testing.T, s store.Store, writes ...store.Write) {
	t.Helper()
	if _, err := s.Commit(context.Background(), writes...); err != nil {
		t.Fatal(err)
	}
}

func find(s store.Store, query store.Query) func(context.Context) error {
	return func(ctx context.Context) error { _, err := s.Find(ctx, query); return err }
}

func count(s store.Store, query store.Query) func(context.Context) error {
	return func(ctx context.Context) error { _, err := s.Count(ctx, query); return err }
}
