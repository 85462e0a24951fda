package storetest

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// counter is the content of the documents in the tests of updates.
type counter struct {
	Name string `firestore:"name,omitempty"`
	N    int    `firestore:"n"`
}

func increment(c *counter) (*counter, error) {
	if c == nil {
		c = &counter{}
	}
	c.N++
	return c, nil
}

var errRefused = errors.New("refused by the test")

var updates = []check{
	{"Update/creates, changes, deletes", func(f fixture) {
		for want := 1; want <= 2; want++ {
			stored, err := store.Update(f.ctx, f.store, vm("a"), increment)
			if err != nil || stored.Value.N != want || !stored.Exists() || stored.Key() != vm("a") {
				f.Fatalf("update: %+v, %v, want n = %d", stored, err, want)
			}
			if read := f.get(vm("a")); !read.Version.Time.Equal(stored.Document.Version.Time) {
				f.Errorf("version %v, read %v", stored.Document.Version, read.Version)
			}
		}
		stored, err := store.Update(f.ctx, f.store, vm("a"), func(*counter) (*counter, error) { return nil, nil })
		if err != nil || stored.Exists() || stored.Key() != vm("a") || f.get(vm("a")).Exists() {
			f.Errorf("update to nothing: %+v, %v", stored, err)
		}
		if _, err := store.Update(f.ctx, f.store, vm("a"), func(*counter) (*counter, error) { return nil, nil }); err != nil {
			f.Errorf("nothing to nothing: %v", err)
		}
	}},
	{"Update/an equal result writes nothing", func(f fixture) {
		f.commit(store.Create(vm("a"), store.Fields{"n": int64(1), "name": "", "unknown": "x"}))
		before := f.get(vm("a"))
		spy := &commits{Store: f.store}
		stored, err := store.Update(f.ctx, spy, vm("a"), func(c *counter) (*counter, error) { return &counter{N: c.N}, nil })
		if err != nil || stored.Value.N != 1 || spy.count != 0 || !f.get(vm("a")).Version.Time.Equal(before.Version.Time) {
			f.Errorf("%+v, %v, %d commits", stored, err, spy.count)
		}
	}},
	{"Update/keeps fields that it does not know, drops those that it does", func(f fixture) {
		f.commit(store.Create(vm("a"), store.Fields{"n": int64(1), "name": "x", "unknown": map[string]any{"k": "v"}}))
		if _, err := store.Update(f.ctx, f.store, vm("a"), func(*counter) (*counter, error) { return &counter{N: 5}, nil }); err != nil {
			f.Fatal(err)
		}
		f.holds(vm("a"), store.Fields{"n": int64(5), "unknown": map[string]any{"k": "v"}})
	}},
	{"Update/an error of the change ends it", func(f fixture) {
		f.commit(store.Create(vm("a"), one))
		_, err := store.Update(f.ctx, f.store, vm("a"), func(c *counter) (*counter, error) { c.N = 9; return c, errRefused })
		if !errors.Is(err, errRefused) {
			f.Errorf("error %v", err)
		}
		f.holds(vm("a"), one)
	}},
	{"Update/a corrupt document is named", func(f fixture) {
		f.commit(store.Create(vm("a"), store.Fields{"n": "text"}))
		_, err := store.Update(f.ctx, f.store, vm("a"), increment)
		var corrupt *store.CorruptError
		if !errors.As(err, &corrupt) || corrupt.Key != vm("a") || !failure.Is(err, failure.Permanent) || !strings.Contains(err.Error(), `"n"`) {
			f.Errorf("error %v", err)
		}
	}},
	{"Update/concurrent increments are all kept", func(f fixture) {
		const writers, each = 16, 5
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				for range each {
					if _, err := store.Update(f.ctx, f.store, vm("a"), increment); err != nil {
						f.Error(err)
					}
				}
			})
		}
		group.Wait()
		f.holds(vm("a"), store.Fields{"n": int64(writers * each)})
	}},
	{"FindAs/sets corrupt documents aside", func(f fixture) {
		f.commit(store.Put(vm("a"), one), store.Put(vm("b"), store.Fields{"n": "text"}), store.Put(vm("c"), two))
		page, err := store.FindAs[counter](f.ctx, f.store, in(nil))
		if err != nil || len(page.Items) != 2 || page.Items[1].Value.N != 2 || len(page.Corrupt) != 1 {
			f.Fatalf("%+v, %v", page, err)
		}
		f.says(page.Corrupt[0], "instances/b", `"n"`)
	}},
	{"GetAs/names corrupt documents and returns the others", func(f fixture) {
		f.commit(store.Put(vm("a"), one), store.Put(vm("b"), store.Fields{"n": "text"}))
		items, err := store.GetAs[counter](f.ctx, f.store, vm("b"), vm("a"), vm("none"))
		f.says(err, "instances/b")
		if err == nil || len(items) != 3 || items[1].Value.N != 1 || items[2].Exists() {
			f.Errorf("%+v, %v", items, err)
		}
	}},
	{"UpdateEach/goes on past conflicts, errors and corrupt documents", updateEach},
	{"UpdateEach/more than a commit holds, read in part", updateMany},
	{"UpdateEach/concurrent sweeps lose nothing", concurrentSweeps},
}

// commits counts the commits to a store.
type commits struct {
	store.Store
	count int
}

func (c *commits) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	c.count++
	return c.Store.Commit(ctx, writes...)
}

func updateEach(f fixture) {
	for _, name := range []string{"a", "b", "broken later", "changed", "corrupt", "deleted", "refused"} {
		f.commit(store.Put(vm(name), store.Fields{"n": int64(10), "name": name}))
	}
	page, err := store.FindAs[counter](f.ctx, f.store, in(nil))
	if err != nil {
		f.Fatal(err)
	}
	absent, err := store.GetAs[counter](f.ctx, f.store, vm("new"))
	if err != nil {
		f.Fatal(err)
	}
	f.commit(store.Put(vm("changed"), store.Fields{"n": int64(20), "name": "changed"}), store.Delete(vm("deleted")),
		store.Put(vm("broken later"), store.Fields{"n": "text"}))
	changed, err := store.UpdateEach(f.ctx, f.store, append(page.Items, absent...), func(c *counter) (*counter, error) {
		switch {
		case c == nil:
			return &counter{Name: "made", N: 1}, nil
		case c.Name == "refused":
			return nil, errRefused
		case c.Name == "b":
			return c, nil
		}
		return increment(c)
	})
	f.says(err, "instances/broken later", "instances/refused", errRefused.Error())
	if !errors.Is(err, errRefused) {
		f.Errorf("error %v", err)
	}
	want := map[store.Key]int{vm("a"): 11, vm("b"): 10, vm("changed"): 21, vm("corrupt"): 11, vm("deleted"): 1, vm("new"): 1, vm("refused"): 10}
	for key, n := range want {
		if got := f.get(key).Fields["n"]; got != int64(n) {
			f.Errorf("%s has n = %v, want %d", key, got, n)
		}
	}
	for _, item := range changed {
		if read := f.get(item.Key()); !read.Version.Time.Equal(item.Document.Version.Time) || item.Value.N != want[item.Key()] {
			f.Errorf("said to be changed: %+v, stored %+v", item, read)
		}
	}
	if len(changed) != 5 {
		f.Errorf("%d said to be changed: %+v", len(changed), changed)
	}
}

func updateMany(f fixture) {
	const many = store.MaxWrites + 100
	f.fill(many, func(i int) store.Fields { return store.Fields{"n": int64(i), "unread": "x"} })
	query := in(nil)
	query.Select = []string{"n"}
	page, err := store.FindAs[counter](f.ctx, f.store, query)
	if err != nil {
		f.Fatal(err)
	}
	changed, err := store.UpdateEach(f.ctx, f.store, page.Items, increment)
	if err != nil || len(changed) != many {
		f.Fatalf("%d changed, %v", len(changed), err)
	}
	f.holds(vm("vm-00000"), store.Fields{"n": int64(1), "unread": "x"})
	f.holds(vm("vm-00599"), store.Fields{"n": int64(600), "unread": "x"})
}

func concurrentSweeps(f fixture) {
	const sweeps, documents = 6, 20
	filled := f.fill(documents, func(int) store.Fields { return store.Fields{"n": int64(0)} })
	var group sync.WaitGroup
	for range sweeps {
		group.Go(func() {
			page, err := store.FindAs[counter](f.ctx, f.store, in(nil))
			if err == nil {
				_, err = store.UpdateEach(f.ctx, f.store, page.Items, increment)
			}
			if err != nil {
				f.Error(err)
			}
		})
	}
	group.Wait()
	for _, key := range filled {
		f.holds(key, store.Fields{"n": int64(sweeps)})
	}
}
