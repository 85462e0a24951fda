package storetest

import (
	"math"
	"reflect"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

var values = []check{
	{"Values/come back as they were", func(f fixture) {
		want := store.Fields{
			"text": "grüße\n\x00", "no text": "", "yes": true, "no": false, "null": nil,
			"largest": int64(math.MaxInt64), "smallest": int64(math.MinInt64), "beyond a float": int64(1<<53 + 1), "zero": int64(0),
			"float": 0.1, "whole float": 1.0, "infinite": math.Inf(1), "tiny": math.SmallestNonzeroFloat64,
			"time": time.Date(2024, 2, 29, 23, 59, 59, 999_999_000, time.UTC), "before 1970": time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
			"bytes": []byte{0, 1, 255}, "no bytes": []byte{},
			"list": []any{"x", int64(1), nil, map[string]any{"in": []any{true}}}, "no list": []any{},
			"map": map[string]any{"a": map[string]any{"b.c": map[string]any{"d": int64(1)}}}, "no map": map[string]any{},
		}
		f.commit(store.Create(vm("a"), want))
		f.holds(vm("a"), want)
		found := f.find(store.Query{Collection: "instances"})
		if len(found) != 1 || !reflect.DeepEqual(found[0].Fields, want) {
			f.Errorf("found %#v, want %#v", found, want)
		}
	}},
	{"Values/times in UTC and microseconds", func(f fixture) {
		there := time.Date(2024, 1, 2, 3, 4, 5, 678_901_999, time.FixedZone("there", 3600))
		f.commit(store.Create(vm("a"), store.Fields{"t": there, "list": []any{there}}))
		want := time.Date(2024, 1, 2, 2, 4, 5, 678_901_000, time.UTC)
		f.holds(vm("a"), store.Fields{"t": want, "list": []any{want}})
	}},
	{"Values/a struct comes back as it was", func(f fixture) {
		type state string
		type lease struct {
			Client string    `firestore:"client"`
			Until  time.Time `firestore:"until,omitempty"`
		}
		type machine struct {
			State      state             `firestore:"state"`
			Size       int32             `firestore:"size"`
			Share      float64           `firestore:"share"`
			Seen       time.Time         `firestore:"seen,omitempty"`
			Never      time.Time         `firestore:"never,omitempty"`
			Lease      *lease            `firestore:"lease,omitempty"`
			NoLease    *lease            `firestore:"noLease,omitempty"`
			Past       []lease           `firestore:"past,omitempty"`
			Dimensions map[string][]byte `firestore:"dimensions"`
			NilList    []string          `firestore:"nilList"`
			EmptyList  []string          `firestore:"emptyList"`
			NilMap     map[string]int    `firestore:"nilMap"`
			Omitted    []string          `firestore:"omitted,omitempty"`
		}
		until := time.Date(2024, 1, 2, 3, 4, 5, 6000, time.UTC)
		want := machine{
			State: "leased", Size: -3, Share: 2, Seen: until, Lease: &lease{"me", until}, Past: []lease{{Client: "you"}},
			Dimensions: map[string][]byte{"a.b": {1}}, EmptyList: []string{},
		}
		fields, err := store.Encode(want)
		if err != nil {
			f.Fatal(err)
		}
		f.commit(store.Create(vm("a"), fields))
		items, err := store.GetAs[machine](f.ctx, f.store, vm("a"))
		if err != nil || !reflect.DeepEqual(items[0].Value, want) {
			f.Errorf("read %+v (%v), want %+v", items, err, want)
		}
		if stored := items[0].Document.Fields; !reflect.DeepEqual(stored, fields) {
			f.Errorf("stored %#v, want %#v", stored, fields)
		}
	}},
}
