package configsource

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A source's address has one of the three forms, or the error names the forms;
// a password in the address stays out of the error.
func FuzzOpen(f *testing.F) {
	for _, address := range []string{
		"file:///srv/config", "file://localhost/x", "file:x", "luci-config://config.example.com/services/gce", "luci-config://config.example.com/../x",
		"luci-config://me:hunter2@config.example.com/services/gce", "https://me:hunter2@example.com", "file://me:hunter2@example.com/x", "https://me:hun%ter2@example.com", "://", "",
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if strings.HasPrefix(strings.ToLower(address), "gs:") { // gs: opens a Cloud Storage client
			return
		}
		source, err := Open(t.Context(), address, Options{})
		if err == nil {
			err = source.Close()
		} else if !strings.Contains(err.Error(), "must be") {
			t.Errorf("%q: %v", address, err)
		}
		parsed, parseErr := url.Parse(address)
		if parseErr != nil || err == nil {
			return
		}
		if password, ok := parsed.User.Password(); ok && len(password) > 3 && strings.Contains(err.Error(), password) && !strings.Contains(parsed.Redacted(), password) {
			t.Errorf("%q: the error shows the password: %v", address, err)
		}
	})
}

// The pointer file names a folder in the source: no matter what it contains,
// nothing outside of the source is read.
func FuzzPointer(f *testing.F) {
	for _, pointer := range []string{"a", "a/b\n", "../outside", "/", ".", "a/../../outside", "a\\..", "\x00", ""} {
		f.Add([]byte(pointer))
	}
	root := f.TempDir()
	outside, inside := filepath.Join(root, "outside"), filepath.Join(root, "inside")
	for _, folder := range []string{outside, filepath.Join(inside, "a", "b")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			f.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(outside, "templates.cfg"), []byte("# outside"), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pointer []byte) {
		if err := os.WriteFile(filepath.Join(inside, pointerFile), pointer, 0o600); err != nil {
			t.Fatal(err)
		}
		source, err := Open(t.Context(), "file://"+inside, later().options())
		if err != nil {
			t.Fatal(err)
		}
		if files, err := source.Read(t.Context()); err == nil && strings.Contains(string(files.Templates), "outside") {
			t.Errorf("%q leads outside: %v", pointer, files)
		}
	})
}
