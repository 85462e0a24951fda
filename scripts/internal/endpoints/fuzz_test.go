package endpoints

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever the file contains, Read returns endpoints or an error.
func FuzzRead(f *testing.F) {
	for _, text := range []string{`{"project":"p","pubsub_rest":"http://127.0.0.1:1"}`, `{"project":"p"}`, `{"project":7}`, `[]`, `null`, ``} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "endpoints.json")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if read, err := Read(path); err == nil && (read.Project == "" || read.PubSubREST == "") || err != nil && read != (Endpoints{}) {
			t.Errorf("%q: %+v, %v", text, read, err)
		}
	})
}
