package follow

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Whatever a log contains, exactly the complete lines of the suite are read.
func FuzzFile(f *testing.F) {
	for _, text := range []string{
		`{"time":"2026-03-01T00:00:00Z","severity":"INFO","message":"m","job":"j","event":"JOB_DONE","outcome":"ok","duration_ms":1.5}` + "\n",
		"{\"message\":\"m\"}\n{\"mess", "no JSON\n", "{\"duration_ms\":1e308}\n", "{\"time\":7}\n[]\nnull\n\n", "",
	} {
		f.Add([]byte(text), 10)
	}
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }() // it was only read from
		cut = min(max(cut, 0), len(text))
		read := 0
		for _, size := range []int{cut, len(text)} { // the file grows while it is read
			if err := os.WriteFile(path, text[:size], 0o600); err != nil {
				t.Fatal(err)
			}
			lines, err := file.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			read += len(lines)
		}
		if whole := bytes.Count(text, []byte("\n")); read > whole {
			t.Errorf("%q has %d whole lines, and %d were read", text, whole, read)
		}
	})
}
