package memory_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/storetest"
)

var everything = store.Query{Collection: "things"}

func open(t *testing.T, path string) *memory.Store {
	t.Helper()
	s, err := memory.Open(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func commit(t *testing.T, s store.Store, writes ...store.Write) []store.Version {
	t.Helper()
	versions, err := s.Commit(context.Background(), writes...)
	if err != nil {
		t.Fatal(err)
	}
	return versions
}

func all(t *testing.T, s store.Store) []store.Document {
	t.Helper()
	documents, err := s.Find(context.Background(), everything)
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

func TestConformanceWithJournal(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "journal")) })
}

func TestJournalKeepsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	first := open(t, path)
	commit(t, first, store.Put("things/gone", store.Fields{}), store.Put("things/empty", store.Fields{}))
	commit(t, first, store.Delete("things/gone"), store.Put("things/a", store.Fields{"n": int64(1)}))
	commit(t, first, store.Put("things/a", store.Fields{
		"text": "x\ny\u2028", "yes": true, "null": nil, "n": int64(math.MaxInt64), "whole": 1.0, "inf": math.Inf(-1),
		"t": time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), "bytes": []byte{0, 255}, "no bytes": []byte{},
		"list": []any{int64(1), map[string]any{"i": "x"}}, "no list": []any{}, "map": map[string]any{"m": map[string]any{}, "t": "x"},
	}))
	want := all(t, first)
	for range 2 { // the second start reads what the first one compacted
		again := open(t, path)
		if got := all(t, again); !reflect.DeepEqual(got, want) {
			t.Errorf("after a restart %+v\nwant %+v", got, want)
		}
	}
}

func TestVersionsGrowOverARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	past := func() time.Time { return time.Unix(1000, 0) }
	first, err := memory.Open(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	last := commit(t, first, store.Put("things/a", store.Fields{}), store.Put("things/b", store.Fields{}))[0]
	commit(t, first, store.Delete("things/b"))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		again, err := memory.Open(path, past)
		if err != nil {
			t.Fatal(err)
		}
		next := commit(t, again, store.Put("things/a", store.Fields{}))[0]
		if !next.Time.After(last.Time) {
			t.Errorf("version %v does not follow %v", next, last)
		}
		last = next
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestJournalCutAnywhere simulates a process that is killed while it writes:
// each commit is there completely or not at all, and all commits before the last
// are there.
func TestJournalCutAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	s := open(t, path)
	var ends []int64
	for i := range 4 {
		commit(t, s, store.Put(store.MustKey("things", fmt.Sprint(i)), store.Fields{"n": int64(i)}), store.Put("things/last", store.Fields{"n": int64(i)}))
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, info.Size())
	}
	whole, err := os.ReadFile(path) //nolint:gosec // of this test
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		torn := filepath.Join(t.TempDir(), "torn")
		if err := os.WriteFile(torn, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		commits := 0
		for _, end := range ends {
			if int64(cut) >= end {
				commits++
			}
		}
		again := open(t, torn)
		documents := all(t, again)
		if want := commits + min(commits, 1); len(documents) != want {
			t.Fatalf("cut at %d: %d documents, want %d", cut, len(documents), want)
		}
		if commits > 0 && documents[len(documents)-1].Fields["n"] != int64(commits-1) {
			t.Fatalf("cut at %d: %+v", cut, documents)
		}
		commit(t, again, store.Put("things/after", store.Fields{}))
	}
}

func TestBrokenJournalIsRefusedWithItsLine(t *testing.T) {
	for name, content := range map[string]string{
		"not JSON":     `{"v":1}` + "\nbroken\n",
		"unknown type": `{"v":1}` + "\n" + `{"v":2,"w":[{"k":"things/a","f":{"x":{"?":"1"}}}]}` + "\n",
		"number":       `{"v":1}` + "\n" + `{"v":2,"w":[{"k":"things/a","f":{"x":1}}]}` + "\n",
	} {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := memory.Open(path, time.Now); err == nil || !strings.Contains(err.Error(), path+":2") {
			t.Errorf("%s: error %v, want one that names line 2", name, err)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != content { //nolint:gosec // of this test
			t.Errorf("%s: the journal was changed", name)
		}
	}
}

func TestClosedJournalRefusesCommits(t *testing.T) {
	s, err := memory.Open(filepath.Join(t.TempDir(), "journal"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(context.Background(), store.Put("things/a", store.Fields{})); !failure.Is(err, failure.Transient) {
		t.Errorf("error %v", err)
	}
	if documents := all(t, s); len(documents) != 0 {
		t.Errorf("the refused commit was done: %v", documents)
	}
}
