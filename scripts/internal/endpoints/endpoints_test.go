package endpoints

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "endpoints.json")
	want := Endpoints{Project: "p", Functions: "http://127.0.0.1:1", PubSubREST: "http://127.0.0.1:2", PID: 7}
	for range 2 { // the second time over an existing file
		if err := Write(path, want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(path)
	if err != nil || got != want {
		t.Errorf("read %+v, %v", got, err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"empty": "", "other": `{"a": 1}`, "half": `{"project": "p"`} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(filepath.Join(folder, "none")); err == nil || !strings.Contains(err.Error(), "--endpoints") {
		t.Errorf("no file: %v", err)
	}
	if err := Write(filepath.Join(folder, "none", "x"), Endpoints{}); err == nil {
		t.Error("written into a folder that does not exist")
	}
}
