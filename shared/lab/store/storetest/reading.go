package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

var reading = []check{
	{"Get/missing", func(f fixture) {
		document := f.get(vm("none"))
		if document.Exists() || document.Version != (store.Version{}) {
			f.Errorf("a missing document exists: %+v", document)
		}
	}},
	{"Get/in the place of each key, also twice", func(f fixture) {
		f.commit(store.Put(vm("a"), store.Fields{"n": int64(1)}), store.Put(vm("b"), store.Fields{"n": int64(2)}))
		documents, err := f.store.Get(f.ctx, vm("b"), vm("none"), vm("a"), vm("b"))
		if err != nil || len(documents) != 4 {
			f.Fatalf("get: %v, %v", documents, err)
		}
		for i, want := range []any{int64(2), nil, int64(1), int64(2)} {
			if documents[i].Fields["n"] != want {
				f.Errorf("document %d is %+v, want n = %v", i, documents[i], want)
			}
		}
	}},
	{"Get/nothing", func(f fixture) {
		if documents, err := f.store.Get(f.ctx); err != nil || len(documents) != 0 {
			f.Errorf("get nothing: %v, %v", documents, err)
		}
	}},
	{"Get/bad key", func(f fixture) {
		for _, key := range []store.Key{"", "instances", "a/b/c", "instances/", "instances//x", "instances/..", "instances/__x__"} {
			if _, err := f.store.Get(f.ctx, key); !failure.Is(err, failure.Permanent) {
				f.Errorf("get %q: error %v, want a permanent one", key, err)
			}
		}
	}},
	{"Get/what was read is the reader's own", func(f fixture) {
		written := store.Fields{"list": []any{"x"}, "map": map[string]any{"k": "v"}, "bytes": []byte{1}}
		f.commit(store.Put(vm("a"), written))
		written["list"].([]any)[0] = "changed"
		for range 2 {
			document := f.get(vm("a"))
			if document.Fields["list"].([]any)[0] != "x" || document.Fields["map"].(map[string]any)["k"] != "v" ||
				document.Fields["bytes"].([]byte)[0] != 1 {
				f.Fatalf("a change from outside reached the store: %v", document.Fields)
			}
			document.Fields["list"].([]any)[0] = "changed"
			document.Fields["map"].(map[string]any)["k"] = "changed"
			document.Fields["bytes"].([]byte)[0] = 2
		}
	}},
	{"Keys/odd characters", func(f fixture) {
		for _, id := range []string{"a b", "ü", "a.b", "`", `back\slash`, "%2F", "#?&=", "_x", "-", "日本", "a:b", "*", "[x]", "'q\""} {
			key := store.MustKey("instances", id, "notes", id)
			f.commit(store.Create(key, store.Fields{"id": id}))
			f.holds(key, store.Fields{"id": id})
			f.finds(store.Query{Collection: key.Collection()}, key)
		}
	}},
	{"Context/cancelled", func(f fixture) {
		ctx, cancel := context.WithCancel(f.ctx)
		cancel()
		eachCall(ctx, f)
	}},
	{"Context/deadline exceeded", func(f fixture) {
		ctx, cancel := context.WithDeadline(f.ctx, time.Now().Add(-time.Second))
		defer cancel()
		eachCall(ctx, f)
	}},
}

// eachCall checks that every method respects the end of its context.
func eachCall(ctx context.Context, f fixture) {
	query := store.Query{Collection: "instances"}
	for name, call := range map[string]func() error{
		"Get":    func() error { _, err := f.store.Get(ctx, vm("a")); return err },
		"Find":   func() error { _, err := f.store.Find(ctx, query); return err },
		"Count":  func() error { _, err := f.store.Count(ctx, query); return err },
		"Commit": func() error { _, err := f.store.Commit(ctx, store.Put(vm("a"), store.Fields{})); return err },
	} {
		f.Run(name, func(t *testing.T) {
			if err := call(); !failure.Is(err, failure.Transient) {
				t.Errorf("error %v of class %q, want a transient one", err, failure.ClassOf(err))
			}
		})
	}
	if f.get(vm("a")).Exists() {
		f.Error("the commit was done although its context had ended")
	}
}
