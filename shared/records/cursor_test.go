package records

import (
	"testing"
	"time"
)

func TestCursor(t *testing.T) {
	b := newBench(t)
	read := func() Cursor {
		t.Helper()
		cursor, err := b.Cursor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return cursor
	}
	save := func(cursor Cursor, value string, changed bool, at time.Time) {
		t.Helper()
		cursor.Value = value
		if err := b.SaveCursor(t.Context(), cursor, changed, at); err != nil {
			t.Error(err)
		}
	}
	expect := func(value string, commits int) {
		t.Helper()
		if got := read().Value; got != value || b.commits != commits {
			t.Errorf("the cursor is %q after %d commits; want %q after %d", got, b.commits, value, commits)
		}
	}
	first := read()
	if !first.First() || first.Value != "" {
		t.Errorf("%+v", first)
	}
	save(first, "", true, noon)
	expect("", 0) // it did not move
	save(first, "3", false, noon)
	expect("3", 1) // the first one is kept, changes or not
	if read().First() {
		t.Error("there was one")
	}
	save(first, "2", true, noon)
	expect("3", 2) // another run kept one meanwhile, which stands
	save(read(), "4", false, noon.Add(23*time.Hour))
	expect("3", 2) // nothing changed: the one before serves as well
	save(read(), "5", true, noon.Add(23*time.Hour))
	expect("5", 3)
	save(read(), "6", false, noon.Add(24*time.Hour))
	expect("5", 3)
	save(read(), "7", false, noon.Add(23*time.Hour+25*time.Hour))
	expect("7", 4) // before it is too old
}
