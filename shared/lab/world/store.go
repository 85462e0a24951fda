package world

import (
	"context"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// documents is the store as tasks see it.
type documents struct{ world *World }

var (
	_ store.Store  = documents{}
	_ store.Pauser = documents{}
)

func (d documents) Get(ctx context.Context, keys ...store.Key) ([]store.Document, error) {
	w := d.world
	w.Stats.Reads += len(keys)
	return read(ctx, w, func() string { return "get " + joinKeys(keys) }, func() ([]store.Document, error) { return w.Documents.Get(ctx, keys...) })
}

func (d documents) Find(ctx context.Context, query store.Query) ([]store.Document, error) {
	w := d.world
	found, err := read(ctx, w, func() string { return "find " + query.Name }, func() ([]store.Document, error) { return w.Documents.Find(ctx, query) })
	w.Stats.Reads += max(1, len(found))
	return found, err
}

func (d documents) Count(ctx context.Context, query store.Query) (int, error) {
	w := d.world
	w.Stats.Reads++
	return read(ctx, w, func() string { return "count " + query.Name }, func() (int, error) { return w.Documents.Count(ctx, query) })
}

// read makes a call that reads, unless the store is down.
func read[A any](ctx context.Context, w *World, what func() string, call func() (A, error)) (A, error) {
	return gated(ctx, w, what, func() (none A, err error) {
		if err := w.fail(StoreDown, failure.Transient, "the store is unavailable"); err != nil {
			return none, err
		}
		return call()
	})
}

func (d documents) Commit(ctx context.Context, writes ...store.Write) ([]store.Version, error) {
	w := d.world
	return gated(ctx, w, func() string { return "commit " + describe(writes) }, func() ([]store.Version, error) {
		if err := w.fail(StoreDown, failure.Transient, "the store is unavailable"); err != nil {
			return nil, err
		}
		if err := w.fail(StoreConflict, failure.Conflict, "the document was changed since it was read"); err != nil {
			return nil, err
		}
		versions, err := w.Documents.Commit(ctx, writes...)
		if err != nil {
			w.note("refused: %s", err.Error)
			return nil, err
		}
		w.Stats.Writes += len(writes)
		w.stir("commit")
		w.noteWrites(writes)
		w.committed(writes)
		return versions, w.fail(StoreLost, failure.Transient, "the answer was lost")
	})
}

// Pause waits in the world's time.
func (d documents) Pause(ctx context.Context, _ int) error {
	return d.world.sleep(ctx, time.Duration(1+d.world.rand.IntN(500))*time.Millisecond)
}

func joinKeys(keys []store.Key) string {
	var text strings.Builder
	for i, key := range keys {
		if i == 6 {
			text.WriteString(" …")
			break
		}
		text.WriteString(" " + string(key))
	}
	return text.String()
}

func describe(writes []store.Write) string {
	var text strings.Builder
	for i, write := range writes {
		if i == 12 {
			text.WriteString(" …")
			break
		}
		text.WriteString(" " + string(write.Key))
		if write.Fields == nil {
			text.WriteString(" deleted")
		}
		for _, field := range []string{"state", "deleting", "url", "activeRevision", "ending"} {
			if value, ok := write.Fields[field]; ok && value != "" && value != false {
				text.WriteString(" " + field + "=" + short(value))
			}
		}
	}
	return text.String()
}

func short(value any) string {
	switch v := value.(type) {
	case string:
		return v[strings.LastIndexByte(v, '/')+1:]
	case bool:
		return "true"
	}
	return "?"
}
