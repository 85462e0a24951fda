package configsource

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

const (
	templates = `templates { base_name: "a" metadata_from_file: ["s:startup/s.sh", "gone:gone.sh", "out:../out"] }`
	managers  = `managers { zone: "us-central1-a" }`
)

// clock is a clock that only waiting advances.
type clock struct {
	now    time.Time
	slept  []time.Duration
	during func() // what happens while somebody waits
}

func (c *clock) options() Options {
	return Options{
		Now: func() time.Time { return c.now },
		Sleep: func(ctx context.Context, duration time.Duration) error {
			c.slept, c.now = append(c.slept, duration), c.now.Add(duration)
			if c.during != nil {
				c.during()
			}
			return ctx.Err()
		},
	}.withDefaults()
}

// later returns a clock for which everything written now was written long ago.
func later() *clock { return &clock{now: time.Now().Add(time.Hour)} }

// bucket returns an in-memory bucket, and a source that reads its folder conf.
func bucket(t *testing.T, c *clock, files map[string]string) (*blob.Bucket, Source) {
	t.Helper()
	memory := memblob.OpenBucket(nil)
	for name, content := range files {
		put(t, memory, name, content)
	}
	source := Bucket(memory, "mem://", "conf", c.options())
	t.Cleanup(func() {
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	})
	return memory, source
}

func put(t *testing.T, b *blob.Bucket, name, content string) {
	t.Helper()
	if err := b.WriteAll(context.Background(), name, []byte(content), nil); err != nil {
		t.Fatal(err)
	}
}

func revision(t *testing.T, source Source) string {
	t.Helper()
	files, err := source.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return files.Revision
}

func TestFolder(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options := later().options()
	source, err := Open(context.Background(), "file://"+folder, options)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := source.Read(context.Background())
	if err != nil || empty.Templates != nil || empty.Managers != nil || empty.Settings != nil {
		t.Fatalf("an empty folder: %v, %v", empty, err)
	}
	write("templates.cfg", templates)
	write("managers.cfg", managers)
	write("startup/s.sh", "#!/bin/sh")
	write("unrelated.txt", "x")
	files, err := source.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if string(files.Templates) != templates || string(files.Managers) != managers || files.Settings != nil {
		t.Errorf("read %q, %q, %q", files.Templates, files.Managers, files.Settings)
	}
	if script, err := files.Read("startup/s.sh"); err != nil || string(script) != "#!/bin/sh" {
		t.Errorf("the script is %q, %v", script, err)
	}
	if _, err := files.Read("gone.sh"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	first := files.Revision
	if again := revision(t, source); again != first || first == empty.Revision {
		t.Errorf("revisions %s, %s and %s when empty", first, again, empty.Revision)
	}
	write("unrelated.txt", "y")
	if revision(t, source) != first {
		t.Error("an unrelated file changes the revision")
	}
	write("startup/s.sh", "#!/bin/bash")
	second := revision(t, source)
	write("settings.cfg", "")
	if third := revision(t, source); second == first || third == second {
		t.Errorf("changes do not change the revision: %s, %s, %s", first, second, third)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Read(context.Background()); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("a folder that is gone: %v", err)
	}
}

func TestBucketWithRevisionFolders(t *testing.T) {
	memory, source := bucket(t, later(), map[string]string{
		"conf/templates.cfg": "old", "conf/managers.cfg": "old",
		"conf/r1/templates.cfg": templates, "conf/r1/managers.cfg": managers, "conf/r1/startup/s.sh": "one",
		"conf/r2/templates.cfg": templates, "conf/r2/managers.cfg": managers, "conf/r2/startup/s.sh": "two",
	})
	plain := revision(t, source)
	put(t, memory, "conf/current", "r1\n")
	first := revision(t, source)
	put(t, memory, "conf/current", "r2/")
	files, err := source.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first, "r1@") || !strings.HasPrefix(files.Revision, "r2@") || strings.Contains(plain, "@") {
		t.Errorf("revisions %q, %q, %q", plain, first, files.Revision)
	}
	if script, _ := files.Read("startup/s.sh"); string(script) != "two" {
		t.Errorf("the script is %q", script)
	}
	put(t, memory, "conf/current", "../r2")
	if _, err := source.Read(context.Background()); err == nil || !strings.Contains(err.Error(), "conf/current must hold the name of a folder") {
		t.Errorf("a pointer out of the prefix: %v", err)
	}
}

// An upload of which one file of two is written is never used, even if it takes
// longer than two readings.
func TestHalfAnUploadIsNotTaken(t *testing.T) {
	uploading := &clock{now: time.Now()}
	memory, source := bucket(t, uploading, map[string]string{"conf/templates.cfg": "new", "conf/managers.cfg": "old"})
	uploading.during = func() {
		uploading.during = nil
		put(t, memory, "conf/managers.cfg", "new")
		uploading.now = time.Now() // the time of the write
	}
	files, err := source.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if string(files.Templates) != "new" || string(files.Managers) != "new" || len(uploading.slept) != 2 {
		t.Errorf("took %q and %q after %v", files.Templates, files.Managers, uploading.slept)
	}
}

func TestFilesThatKeepChanging(t *testing.T) {
	busy := &clock{now: time.Now()}
	memory, source := bucket(t, busy, map[string]string{"conf/templates.cfg": "0"})
	content := "0"
	busy.during = func() {
		content += "+"
		put(t, memory, "conf/templates.cfg", content)
		busy.now = time.Now()
	}
	_, err := source.Read(context.Background())
	if !failure.Is(err, failure.Transient) || !strings.Contains(err.Error(), "changed during each of 5 readings") {
		t.Errorf("got %v", err)
	}
}

func TestUnchangedFilesAreReadWithoutWaiting(t *testing.T) {
	idle := later()
	_, source := bucket(t, idle, map[string]string{"conf/templates.cfg": templates})
	revision(t, source)
	if len(idle.slept) != 0 {
		t.Errorf("waited %v", idle.slept)
	}
}

// For a moment, a truncated file is empty and still has its old modification
// time. Two readings in that moment are not enough.
func TestTruncatedFileIsNotTaken(t *testing.T) {
	folder, c := t.TempDir(), later()
	path := filepath.Join(folder, "templates.cfg")
	write := func(content string, modified time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	long := c.now.Add(-time.Hour)
	write("old", long)
	source, err := Open(context.Background(), "file://"+folder, c.options())
	if err != nil {
		t.Fatal(err)
	}
	revision(t, source)
	c.slept = nil
	if revision(t, source); len(c.slept) != 0 {
		t.Errorf("waited %v where nothing had changed", c.slept)
	}
	write("", long)
	c.during = func() {
		c.during = nil
		write("new", c.now)
	}
	files, err := source.Read(context.Background())
	if err != nil || string(files.Templates) != "new" {
		t.Errorf("took %q, %v, after %v", files.Templates, err, c.slept)
	}
}

func TestBounds(t *testing.T) {
	memory, source := bucket(t, later(), map[string]string{"conf/templates.cfg": strings.Repeat("#", maxFileBytes+1)})
	if _, err := source.Read(context.Background()); err == nil || !strings.Contains(err.Error(), "templates.cfg has more than 8388608 bytes") {
		t.Errorf("a large file: %v", err)
	}
	large := strings.Repeat("#", maxFileBytes)
	put(t, memory, "conf/templates.cfg", `templates { metadata_from_file: ["a:a", "b:b"] }`+large[:maxFileBytes-100])
	for _, name := range []string{"managers.cfg", "settings.cfg", "a", "b"} {
		put(t, memory, "conf/"+name, large)
	}
	if _, err := source.Read(context.Background()); err == nil || !strings.Contains(err.Error(), "more than 33554432 bytes") {
		t.Errorf("large files: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, address := range []string{
		"", "templates.cfg", "/etc", "file://relative/path", "file:relative", "file:///x?y", "gs://", "gs:///x", "http://x/services/y",
		"luci-config://host", "luci-config://host/projects/x", "luci-config://host/services/a/b", "luci-config:///services/x",
		"luci-config://me:pw@host/services/x", "luci-config://host/services/x?y", "%",
	} {
		if _, err := Open(context.Background(), address, Options{}); err == nil || !strings.Contains(err.Error(), "must be") {
			t.Errorf("Open(%q): %v", address, err)
		}
	}
}
