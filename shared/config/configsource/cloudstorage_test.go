package configsource

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The real client reads a bucket through Cloud Storage's own protocol.
func TestCloudStorage(t *testing.T) {
	objects := map[string]string{
		"/some-bucket/conf/current":          "r7",
		"/some-bucket/conf/r7/templates.cfg": templates,
		"/some-bucket/conf/r7/managers.cfg":  managers,
		"/some-bucket/conf/r7/startup/s.sh":  "#!/bin/sh",
		"/some-bucket/conf/r6/templates.cfg": "old",
		"/other-bucket/templates.cfg":        "other",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := objects[r.URL.Path]
		switch {
		case strings.Contains(r.URL.Path, "/forbidden/"):
			http.Error(w, "no right", http.StatusForbidden)
		case !ok:
			http.Error(w, "no such object", http.StatusNotFound)
		default:
			w.Header().Set("Last-Modified", "Mon, 04 May 2026 12:00:00 GMT")
			w.Header().Set("X-Goog-Generation", "1")
			w.Header().Set("Content-Type", "text/plain")
			_, _ = fmt.Fprint(w, content)
		}
	}))
	defer server.Close()
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(server.URL, "http://"))

	source, err := Open(context.Background(), "gs://some-bucket/conf/", later().options())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close() }()
	files, err := source.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(files.Revision, "r7@") || string(files.Templates) != templates || string(files.Managers) != managers || files.Settings != nil {
		t.Errorf("read %q: %q, %q", files.Revision, files.Templates, files.Managers)
	}
	forbidden, err := Open(context.Background(), "gs://some-bucket/forbidden", later().options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := forbidden.Read(context.Background()); err == nil || !strings.Contains(err.Error(), "gs://some-bucket/forbidden") || !strings.Contains(err.Error(), "403") {
		t.Errorf("without the right to read: %v", err)
	}
}
