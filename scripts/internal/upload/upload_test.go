package upload

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"

	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
)

func given() config.Files {
	return config.Files{
		Templates: []byte(`templates { base_name: "a" metadata_from_file: "k:startup/a.sh" }`),
		Managers:  []byte("# none"),
		Read: func(name string) ([]byte, error) {
			if name == "startup/a.sh" {
				return []byte("#!/bin/sh\n"), nil
			}
			return nil, fs.ErrNotExist
		},
	}
}

// read reads the current revision as import-config does.
func read(t *testing.T, address string) config.Files {
	t.Helper()
	source, err := configsource.Open(t.Context(), address, configsource.Options{Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close() }()
	files, err := source.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRevisions(t *testing.T) {
	address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(t.TempDir(), "new"))}).String()
	bucket, prefix, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bucket.Close() }()
	files, err := Files(given())
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	first := Revision(files, time.Unix(0, 0))
	if err := Write(t.Context(), bucket, prefix, first, files); err != nil {
		t.Fatal(err)
	}
	got := read(t, address)
	script, err := got.Read("startup/a.sh")
	if !strings.HasPrefix(got.Revision, first+"@") || string(got.Managers) != "# none" || got.Settings != nil || err != nil || string(script) != "#!/bin/sh\n" {
		t.Errorf("%+v, %q, %v", got, script, err)
	}

	// An interrupted upload leaves the previous revision.
	files[config.ManagersFile] = []byte("# others")
	second := Revision(files, time.Unix(60, 0))
	if second <= first {
		t.Errorf("%s does not sort behind %s", second, first)
	}
	broken, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Write(broken, bucket, prefix, second, files); err == nil || !strings.Contains(err.Error(), "stays current") {
		t.Errorf("the broken upload: %v", err)
	}
	if err := bucket.WriteAll(t.Context(), second+"/templates.cfg", []byte("half"), &blob.WriterOptions{}); err != nil {
		t.Fatal(err)
	}
	if now := read(t, address); now.Revision != got.Revision {
		t.Errorf("after the broken upload %s is current", now.Revision)
	}
	if err := Write(t.Context(), bucket, prefix, second, files); err != nil {
		t.Fatal(err)
	}
	if now := read(t, address); !strings.HasPrefix(now.Revision, second+"@") || string(now.Managers) != "# others" {
		t.Errorf("%+v", now)
	}
}

func TestMissingFile(t *testing.T) {
	files := given()
	files.Read = func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	if _, err := Files(files); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, address := range []string{"s3://bucket", "file://host/x", "gs://", "file:relative"} {
		if _, _, err := Open(t.Context(), address); err == nil {
			t.Errorf("%s was opened", address)
		}
	}
}
