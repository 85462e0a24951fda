package memory

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Whatever a journal holds: it is refused, or reading it a second time gives the
// same documents.
func FuzzJournal(f *testing.F) {
	for _, text := range []string{
		`{"v":1772366400000000,"w":[{"k":"a/b","f":{"i":{"i":"7"},"f":{"f":"0.5"},"t":{"t":"2026-03-01T00:00:00Z"},"b":{"b":"eA=="},"m":{"m":{"x":[true,null]}}}}]}` + "\n",
		`{"v":1,"w":[{"k":"a/b","e":true}]}` + "\n" + `{"v":2,"w":[{"k":"a/b"}]}` + "\n",
		`{"v":1,"w":[{"k":"a","f":{"x":{"z":"y"}}}]}` + "\n", `{"v":1}` + "\n" + `{"v":`, "\n", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := Open(path, time.Now)
		if err != nil {
			return
		}
		before := len(read.documents)
		if err := read.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := Open(path, time.Now)
		if err != nil || len(again.documents) != before {
			t.Fatalf("%q has %d documents, and then %v", text, before, err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
