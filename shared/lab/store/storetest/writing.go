package storetest

import (
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

var one, two = store.Fields{"n": int64(1)}, store.Fields{"n": int64(2)}

var writing = []check{
	{"Create/twice", func(f fixture) {
		versions := f.commit(store.Create(vm("a"), one))
		_ = f.refused(failure.Conflict, store.Create(vm("a"), two))
		f.holds(vm("a"), one)
		if read := f.get(vm("a")).Version; !read.Time.Equal(versions[0].Time) || read.Time.IsZero() {
			f.Errorf("the commit answered version %v, read was %v", versions[0], read)
		}
	}},
	{"Create/again after it was deleted", func(f fixture) {
		f.commit(store.Create(vm("a"), one))
		old := f.get(vm("a"))
		f.commit(store.Remove(old))
		f.commit(store.Create(vm("a"), two))
		f.holds(vm("a"), two)
		_ = f.refused(failure.Conflict, store.Replace(old, one))
	}},
	{"Replace/whole document", func(f fixture) {
		f.commit(store.Create(vm("a"), store.Fields{
			"gone": "x", "same": "y", "changed": "z", "odd name.`x`\\": "w", "odd.gone": "v",
			"map": map[string]any{"gone": "x", "same": "y"},
		}))
		want := store.Fields{
			"same": "y", "changed": "new", "odd name.`x`\\": "new", "9": "new", "added": "new",
			"map": map[string]any{"same": "y"},
		}
		f.commit(store.Replace(f.get(vm("a")), want))
		f.holds(vm("a"), want)
	}},
	{"Replace/to no fields and back", func(f fixture) {
		f.commit(store.Create(vm("a"), one))
		f.commit(store.Replace(f.get(vm("a")), store.Fields{}))
		f.holds(vm("a"), store.Fields{})
		f.commit(store.Replace(f.get(vm("a")), two))
		f.holds(vm("a"), two)
	}},
	{"Replace/with the version that a commit answered", func(f fixture) {
		document := store.Document{Key: vm("a"), Fields: one, Version: f.commit(store.Create(vm("a"), one))[0]}
		document = store.Document{Key: vm("a"), Fields: two, Version: f.commit(store.Replace(document, two))[0]}
		f.commit(store.Replace(document, one))
		f.holds(vm("a"), one)
	}},
	{"Replace/stale", func(f fixture) {
		f.commit(store.Create(vm("a"), one))
		stale := f.get(vm("a"))
		f.commit(store.Replace(stale, two))
		_ = f.refused(failure.Conflict, store.Replace(stale, one))
		f.holds(vm("a"), two)
	}},
	{"Replace/stale with equal fields", func(f fixture) {
		f.commit(store.Create(vm("a"), one))
		stale := f.get(vm("a"))
		f.commit(store.Replace(stale, two))
		_ = f.refused(failure.Conflict, store.Replace(stale, stale.Fields))
		f.holds(vm("a"), two)
	}},
	{"Replace/equal fields keep the document writable", func(f fixture) {
		f.commit(store.Create(vm("a"), one))
		read := f.get(vm("a"))
		read.Version = f.commit(store.Replace(read, one))[0]
		f.commit(store.Replace(read, two))
		f.holds(vm("a"), two)
	}},
	{"Replace/deleted", func(f fixture) {
		f.commit(store.Create(vm("a"), one))
		read := f.get(vm("a"))
		f.commit(store.Delete(vm("a")))
		_ = f.refused(failure.Conflict, store.Replace(read, two))
		if f.get(vm("a")).Exists() {
			f.Error("a replace brought a deleted document back")
		}
	}},
	{"Replace/absent", func(f fixture) {
		absent := f.get(vm("a"))
		f.commit(store.Replace(absent, one))
		_ = f.refused(failure.Conflict, store.Replace(absent, two))
		f.holds(vm("a"), one)
	}},
	{"Replace/without knowing what was there", func(f fixture) {
		versions := f.commit(store.Create(vm("a"), store.Fields{"gone": "x"}))
		f.commit(store.Write{Key: vm("a"), Fields: one, Condition: store.Unchanged, Version: versions[0]})
		f.holds(vm("a"), one)
	}},
	{"Replace/read in part only", func(f fixture) {
		f.commit(store.Create(vm("a"), store.Fields{"n": int64(1), "unread": "x"}))
		part := f.find(store.Query{Collection: "instances", Select: []string{"n"}})[0]
		f.commit(store.Replace(part, two))
		f.holds(vm("a"), two)
	}},
	{"Put/whatever is there", func(f fixture) {
		f.commit(store.Put(vm("a"), store.Fields{"gone": "x"}))
		f.commit(store.Put(vm("a"), one))
		f.holds(vm("a"), one)
	}},
	{"Remove/stale", func(f fixture) {
		f.commit(store.Create(vm("a"), one))
		stale := f.get(vm("a"))
		f.commit(store.Replace(stale, two))
		_ = f.refused(failure.Conflict, store.Remove(stale))
		f.holds(vm("a"), two)
	}},
	{"Remove/twice", func(f fixture) {
		f.commit(store.Create(vm("a"), one))
		read := f.get(vm("a"))
		f.commit(store.Remove(read))
		_ = f.refused(failure.Conflict, store.Remove(read))
	}},
	{"Delete/nothing there", func(f fixture) {
		if version := f.commit(store.Delete(vm("a")))[0]; version != (store.Version{}) {
			f.Errorf("a deleted document has version %v", version)
		}
	}},
	{"Delete/leaves what is below", func(f fixture) {
		below := store.MustKey("instances", "a", "notes", "n")
		f.commit(store.Create(vm("a"), one), store.Create(below, two))
		f.commit(store.Delete(vm("a")))
		f.holds(below, two)
		f.finds(store.Query{Collection: "instances"})
	}},
	{"Commit/all or none", func(f fixture) {
		f.commit(store.Create(vm("a"), one), store.Create(vm("b"), one))
		stale := f.get(vm("b"))
		f.commit(store.Replace(stale, two))
		_ = f.refused(failure.Conflict,
			store.Create(vm("new"), one), store.Delete(vm("a")), store.Put(vm("c"), one), store.Replace(stale, one))
		f.finds(store.Query{Collection: "instances"}, vm("a"), vm("b"))
		f.holds(vm("b"), two)
	}},
	{"Commit/versions grow", func(f fixture) {
		last := time.Time{}
		for range 5 {
			version := f.commit(store.Put(vm("a"), store.Fields{"t": last}))[0]
			if !version.Time.After(last) {
				f.Fatalf("version %v does not follow %v", version.Time, last)
			}
			last = version.Time
		}
	}},
	{"Commit/nothing", func(f fixture) { f.commit() }},
}
