package storetest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

var queries = []check{
	{"Find/operators", operatorsOfQueries},
	{"Find/values of other types are not compared", mixedTypes},
	{"Find/order", orders},
	{"Find/order of keys", orderOfKeys},
	{"Find/pages over ties", pages},
	{"Find/selection of fields", selection},
	{"Find/collection and group", groups},
	{"Find/follows changes", followsChanges},
	{"Find/many documents", manyDocuments},
	{"Find/bad queries", badQueries},
}

var day = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func in(where []store.Filter, orderBy ...store.Order) store.Query {
	return store.Query{Collection: "instances", Where: where, OrderBy: orderBy}
}

func filter(field string, op store.Op, value any) []store.Filter {
	return []store.Filter{{Field: field, Op: op, Value: value}}
}

func operatorsOfQueries(f fixture) {
	type state string
	f.commit(
		store.Put(vm("a"), store.Fields{"state": "found", "n": int64(1), "t": day, "tags": []any{"x", "y"}, "m": map[string]any{"k": "v"}}),
		store.Put(vm("b"), store.Fields{"state": "leased", "n": int64(2), "t": day.Add(time.Hour), "tags": []any{"y"}}),
		store.Put(vm("c"), store.Fields{"state": "found", "n": 2.5, "t": day.Add(2 * time.Hour), "tags": []any{}}),
		store.Put(vm("d"), store.Fields{"other": true, "null": nil}),
	)
	for _, c := range []struct {
		where []store.Filter
		want  []store.Key
	}{
		{nil, []store.Key{vm("a"), vm("b"), vm("c"), vm("d")}},
		{filter("state", store.Equal, "found"), []store.Key{vm("a"), vm("c")}},
		{filter("state", store.Equal, state("found")), []store.Key{vm("a"), vm("c")}},
		{filter("state", store.Equal, "none"), nil},
		{filter("absent", store.Equal, "x"), nil},
		{filter("null", store.Equal, nil), []store.Key{vm("d")}},
		{filter("state", store.Equal, nil), nil},
		{filter("other", store.Equal, true), []store.Key{vm("d")}},
		{filter("n", store.Equal, 2.0), []store.Key{vm("b")}},
		{filter("m.k", store.Equal, "v"), []store.Key{vm("a")}},
		{filter("m", store.Equal, map[string]string{"k": "v"}), []store.Key{vm("a")}},
		{filter("tags", store.Equal, []string{"y"}), []store.Key{vm("b")}},
		{filter("n", store.Less, 2), []store.Key{vm("a")}},
		{filter("n", store.LessOrEqual, 2), []store.Key{vm("a"), vm("b")}},
		{filter("n", store.Greater, 2), []store.Key{vm("c")}},
		{filter("n", store.GreaterOrEqual, 2), []store.Key{vm("b"), vm("c")}},
		{filter("t", store.LessOrEqual, day), []store.Key{vm("a")}},
		{filter("t", store.Greater, day), []store.Key{vm("b"), vm("c")}},
		{append(filter("t", store.Greater, day), filter("t", store.Less, day.Add(2*time.Hour))...), []store.Key{vm("b")}},
		{append(filter("t", store.Greater, day), filter("state", store.Equal, "found")...), []store.Key{vm("c")}},
		{filter("state", store.In, []string{"leased", "none"}), []store.Key{vm("b")}},
		{filter("state", store.In, []state{"leased", "found"}), []store.Key{vm("a"), vm("b"), vm("c")}},
		{filter("tags", store.Contains, "y"), []store.Key{vm("a"), vm("b")}},
		{filter("tags", store.Contains, "none"), nil},
		{filter("state", store.Contains, "found"), nil},
		{append(filter("tags", store.Contains, "y"), filter("state", store.Equal, "found")...), []store.Key{vm("a")}},
	} {
		f.finds(in(c.where), c.want...)
	}
}

func mixedTypes(f fixture) {
	values := map[string]any{"bool": true, "bytes": []byte("5"), "float": 4.5, "int": int64(5), "nan": math.Inf(-1), "null": nil, "text": "5", "time": day}
	for name, value := range values {
		f.commit(store.Put(vm(name), store.Fields{"v": value}))
	}
	f.finds(in(filter("v", store.LessOrEqual, 5)), vm("nan"), vm("float"), vm("int"))
	f.finds(in(filter("v", store.GreaterOrEqual, 0)), vm("float"), vm("int"))
	f.finds(in(filter("v", store.Greater, "")), vm("text"))
	f.finds(in(filter("v", store.Less, day.Add(time.Second))), vm("time"))
	f.finds(in(nil, store.Order{Field: "v"}), vm("null"), vm("bool"), vm("nan"), vm("float"), vm("int"), vm("time"), vm("text"), vm("bytes"))
}

func orders(f fixture) {
	for name, fields := range map[string]store.Fields{
		"a": {"x": int64(1), "y": "q"}, "b": {"x": int64(2), "y": "p"}, "c": {"x": int64(1), "y": "p"}, "d": {"x": int64(2), "y": "q"},
		"without x": {"y": "p"}, "with null": {"x": nil, "y": "z"},
	} {
		f.commit(store.Put(vm(name), fields))
	}
	up := func(field string) store.Order { return store.Order{Field: field} }
	down := func(field string) store.Order { return store.Order{Field: field, Descending: true} }
	f.finds(in(nil, up("x")), vm("with null"), vm("a"), vm("c"), vm("b"), vm("d"))
	f.finds(in(nil, down("x")), vm("d"), vm("b"), vm("c"), vm("a"), vm("with null"))
	f.finds(in(nil, up("x"), up("y")), vm("with null"), vm("c"), vm("a"), vm("b"), vm("d"))
	f.finds(in(nil, down("x"), up("y")), vm("b"), vm("d"), vm("c"), vm("a"), vm("with null"))
	f.finds(in(filter("y", store.Equal, "p"), down("x")), vm("b"), vm("c"))
	f.finds(in(filter("x", store.Greater, 0)), vm("a"), vm("c"), vm("b"), vm("d"))
	f.finds(in(filter("x", store.Greater, 0), down("x")), vm("d"), vm("b"), vm("c"), vm("a"))
	limited := in(nil, down("x"))
	limited.Limit = 3
	f.finds(limited, vm("d"), vm("b"), vm("c"))
}

func orderOfKeys(f fixture) {
	wanted := []store.Key{
		"a/z/notes/n", "a!/a/notes/n", "a-b/a/notes/n", "a.b/a/notes/n", "aa/a/notes/n", "b/1/notes/n", "b/10/notes/n", "b/2/notes/n", "b/A/notes/n", "b/a/notes/n", "b/ü/notes/n",
	}
	shuffled := slices.Clone(wanted)
	slices.Reverse(shuffled)
	for _, key := range shuffled {
		f.commit(store.Put(key, one))
	}
	f.finds(store.Query{Collection: "notes", Group: true}, wanted...)
	f.finds(store.Query{Collection: "notes", Group: true, After: &store.Document{Key: "a-b/a/notes/n"}}, wanted[3:]...)
}

func pages(f fixture) {
	filled := f.fill(150, func(i int) store.Fields {
		return store.Fields{"tie": int64(i % 3), "half": int64(i % 2), "t": day.Add(time.Duration(i) * time.Second), "tags": []any{"x"}}
	})
	for name, query := range map[string]store.Query{
		"by key":            in(nil),
		"equal":             in(filter("half", store.Equal, 1)),
		"contains":          in(filter("tags", store.Contains, "x")),
		"ties":              in(nil, store.Order{Field: "tie"}),
		"ties down":         in(nil, store.Order{Field: "tie", Descending: true}),
		"equal and ties":    in(filter("half", store.Equal, 0), store.Order{Field: "tie", Descending: true}),
		"range":             in(filter("t", store.Greater, day.Add(9*time.Second))),
		"range down":        in(filter("t", store.LessOrEqual, day.Add(99*time.Second)), store.Order{Field: "t", Descending: true}),
		"range, other tie":  in(filter("tie", store.GreaterOrEqual, 1)),
		"two orders":        in(nil, store.Order{Field: "tie"}, store.Order{Field: "t", Descending: true}),
		"in":                in(filter("tie", store.In, []int{0, 2})),
		"equal and by time": in(filter("tie", store.Equal, 1), store.Order{Field: "t"}),
	} {
		f.Run(name, func(t *testing.T) {
			all := keys(fixture{t, f.ctx, f.store}.find(query))
			var paged []store.Key
			query.Limit = 7
			for {
				page := fixture{t, f.ctx, f.store}.find(query)
				paged = append(paged, keys(page)...)
				if len(page) < query.Limit || len(paged) > len(filled) {
					break
				}
				query.After = &page[len(page)-1]
			}
			if len(all) == 0 || !slices.Equal(all, paged) {
				t.Errorf("pages hold %d documents %v, the whole %d %v", len(paged), paged, len(all), all)
			}
		})
	}
	// The last document of a page may be deleted before the next page is read.
	query := in(nil)
	query.After, query.Limit = &store.Document{Key: vm("vm-00148x")}, 7
	f.finds(query, vm("vm-00149"))
	query.After = &store.Document{Key: vm("vm-00149")}
	f.finds(query)
}

func selection(f fixture) {
	f.commit(store.Put(vm("a"), store.Fields{"n": int64(1), "m": map[string]any{"x": "1", "y": "2"}, "odd name": "x", "state": "s"}),
		store.Put(vm("b"), store.Fields{"state": "s"}))
	for _, c := range []struct {
		fields []string
		want   store.Fields
	}{
		{[]string{"n"}, store.Fields{"n": int64(1)}},
		{[]string{"m.y", "n"}, store.Fields{"n": int64(1), "m": map[string]any{"y": "2"}}},
		{[]string{"odd name", "absent"}, store.Fields{"odd name": "x"}},
		{[]string{}, store.Fields{}},
	} {
		query := in(filter("state", store.Equal, "s"))
		query.Select = c.fields
		found := f.find(query)
		if len(found) != 2 || len(found[0].Fields) != len(c.want) || fmt.Sprint(found[0].Fields) != fmt.Sprint(c.want) {
			f.Errorf("selection of %q found %v, want %v", c.fields, found, c.want)
			continue
		}
		if !found[1].Exists() || len(found[1].Fields) != 0 || !found[1].Partial || found[0].Version.Time.IsZero() {
			f.Errorf("selection of %q found %+v", c.fields, found)
		}
	}
	if found := f.find(in(nil)); found[0].Partial {
		f.Error("a document that was read whole says that it is partial")
	}
}

func groups(f fixture) {
	for _, key := range []store.Key{"templates/a", "templates/a/revisions/1", "templates/a/revisions/2", "templates/b/revisions/1", "revisions/top", "templates/a/revisions/1/managers/z", "other/x/templates/y"} {
		f.commit(store.Put(key, store.Fields{"state": "active"}))
	}
	active := filter("state", store.Equal, "active")
	f.finds(store.Query{Collection: "templates", Where: active}, "templates/a")
	f.finds(store.Query{Collection: "templates/a/revisions", Where: active}, "templates/a/revisions/1", "templates/a/revisions/2")
	f.finds(store.Query{Collection: "revisions", Where: active}, "revisions/top")
	f.finds(store.Query{Collection: "revisions", Group: true, Where: active},
		"revisions/top", "templates/a/revisions/1", "templates/a/revisions/2", "templates/b/revisions/1")
	f.finds(store.Query{Collection: "managers", Group: true}, "templates/a/revisions/1/managers/z")
	f.finds(store.Query{Collection: "templates/none/revisions"})
	f.finds(store.Query{Collection: "none", Group: true})
}

func followsChanges(f fixture) {
	filled := f.fill(200, func(i int) store.Fields {
		return store.Fields{"state": "cataloged", "tags": []any{"x", "x", "y"}, "n": int64(i)}
	})
	state := func(s string) store.Query { return in(filter("state", store.Equal, s)) }
	f.finds(state("found"))
	f.commit(store.Put(vm("vm-00100"), store.Fields{"state": "found", "tags": []any{"z"}, "n": int64(-1)}))
	f.finds(state("found"), vm("vm-00100"))
	f.finds(in(filter("tags", store.Contains, "z")), vm("vm-00100"))
	f.finds(in(filter("n", store.Less, 1)), vm("vm-00100"), vm("vm-00000"))
	f.commit(store.Put(vm("vm-00100"), store.Fields{"state": "cataloged"}))
	f.finds(state("found"))
	f.finds(in(filter("tags", store.Contains, "z")))
	f.commit(store.Put(vm("vm-new"), store.Fields{"state": "found"}), store.Delete(vm("vm-00000")))
	f.finds(state("found"), vm("vm-new"))
	f.finds(in(filter("n", store.Less, 2)), vm("vm-00001"))
	var deletions []store.Write
	for _, key := range filled {
		deletions = append(deletions, store.Delete(key))
	}
	f.commit(deletions...)
	f.finds(state("cataloged"))
	f.finds(in(nil), vm("vm-new"))
}

func manyDocuments(f fixture) {
	const many = 1500
	all := f.fill(many, func(i int) store.Fields { return store.Fields{"n": int64(i)} })
	f.finds(in(nil), all...)
	documents, err := f.store.Get(f.ctx, all...)
	if err != nil || !slices.Equal(keys(documents), all) {
		f.Fatalf("get of %d documents: %d, %v", many, len(documents), err)
	}
	for i, document := range documents {
		if document.Fields["n"] != int64(i) {
			f.Fatalf("document %d is %+v", i, document)
		}
	}
}

func badQueries(f fixture) {
	tooMany := make([]int, store.MaxIn+1)
	after := in(nil, store.Order{Field: "n"})
	after.After = &store.Document{Key: vm("a"), Fields: store.Fields{}}
	for name, query := range map[string]store.Query{
		"no collection":         {},
		"document":              {Collection: "instances/a"},
		"empty segment":         {Collection: "instances//notes"},
		"group with a path":     {Collection: "instances/a/notes", Group: true},
		"negative limit":        {Collection: "instances", Limit: -1},
		"operator":              in(filter("n", "!=", 1)),
		"no field":              in(filter("", store.Equal, 1)),
		"bad value":             in(filter("n", store.Equal, make(chan int))),
		"in without values":     in(filter("n", store.In, []int{})),
		"in with too many":      in(filter("n", store.In, tooMany)),
		"in with one value":     in(filter("n", store.In, 5)),
		"two contains":          in(append(filter("n", store.Contains, 1), filter("n", store.Contains, 2)...)),
		"range of null":         in(filter("n", store.Less, nil)),
		"order twice":           in(nil, store.Order{Field: "n"}, store.Order{Field: "n"}),
		"after without a field": after,
	} {
		f.Run(name, func(t *testing.T) {
			if _, err := f.store.Find(f.ctx, query); !failure.Is(err, failure.Permanent) {
				t.Errorf("find: error %v, want a permanent one", err)
			}
			if _, err := f.store.Count(f.ctx, query); !failure.Is(err, failure.Permanent) {
				t.Errorf("count: error %v, want a permanent one", err)
			}
		})
	}
}
