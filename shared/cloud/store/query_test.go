package store_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

func TestOrders(t *testing.T) {
	up, down := store.Order{Field: "x"}, store.Order{Field: "x", Descending: true}
	keyUp, keyDown := store.Order{Field: store.KeyField}, store.Order{Field: store.KeyField, Descending: true}
	rangeOn := func(fields ...string) []store.Filter {
		var filters []store.Filter
		for _, field := range fields {
			filters = append(filters, store.Filter{Field: field, Op: store.Greater, Value: 1})
		}
		return filters
	}
	for _, c := range []struct {
		title string
		query store.Query
		want  []store.Order
	}{
		{"nothing", store.Query{}, []store.Order{keyUp}},
		{"up", store.Query{OrderBy: []store.Order{up}}, []store.Order{up, keyUp}},
		{"down", store.Query{OrderBy: []store.Order{down}}, []store.Order{down, keyDown}},
		{"range", store.Query{Where: rangeOn("x", "x")}, []store.Order{up, keyUp}},
		{"range and order on it", store.Query{Where: rangeOn("x"), OrderBy: []store.Order{down}}, []store.Order{down, keyDown}},
		{"range and other order", store.Query{Where: rangeOn("z", "y"), OrderBy: []store.Order{down}},
			[]store.Order{down, {Field: "y", Descending: true}, {Field: "z", Descending: true}, keyDown}},
	} {
		if got := c.query.Orders(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: orders %v, want %v", c.title, got, c.want)
		}
	}
}

func TestQueryErrorsNameTheQuery(t *testing.T) {
	_, err := store.Query{Name: "instances by 100% state", Collection: "instances", Limit: -1}.Normalize()
	if err == nil || !strings.Contains(err.Error(), "instances by 100% state") || !strings.Contains(err.Error(), "-1") {
		t.Errorf("error %v", err)
	}
}

func TestNoPageBeginsAfterAValueThatNoFieldCanHave(t *testing.T) {
	query := store.Query{Collection: "instances", OrderBy: []store.Order{{Field: "x"}}, After: &store.Document{Key: "instances/a", Fields: store.Fields{"x": "text"}}}
	if _, err := query.Normalize(); err != nil {
		t.Error(err)
	}
	query.After.Fields["x"] = struct{}{}
	if _, err := query.Normalize(); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("error %v", err)
	}
}

func TestKeys(t *testing.T) {
	key := store.MustKey("instanceTemplates", "linux", "revisions", "3f1c")
	if key.ID() != "3f1c" || key.Collection() != "instanceTemplates/linux/revisions" || key.Group() != "revisions" {
		t.Errorf("%q has ID %q, collection %q, group %q", key, key.ID(), key.Collection(), key.Group())
	}
	if top := store.MustKey("config", "current"); top.Group() != "config" || top.Collection() != "config" {
		t.Errorf("%q has collection %q, group %q", top, top.Collection(), top.Group())
	}
	for _, segments := range [][]string{
		{}, {"a"}, {"a", ""}, {"a", "."}, {"a", ".."}, {"a", "b/c"}, {"a", "__b__"}, {"a", "b\x00"}, {"a", strings.Repeat("x", 1501)}, {"a", "\xff"},
	} {
		if key, err := store.NewKey(segments...); err == nil {
			t.Errorf("%q became the key %q", segments, key)
		}
	}
}
