package buildpack

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const imports = "\nimport _ \"github.com/GoogleCloudPlatform/functions-framework-go/functions\"\n"

func TestRootPackage(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		err   string
	}{
		"as it should be":     {map[string]string{"functions.go": "package suite" + imports, "below/main.go": "package main"}, ""},
		"nothing":             {map[string]string{"go.mod": "module example.com/m"}, "there is no .go file at the root"},
		"two packages":        {map[string]string{"a.go": "package suite" + imports, "a_test.go": "package suite_test"}, "several packages: suite suite_test"},
		"main":                {map[string]string{"a.go": "package main" + imports}, "must not be main"},
		"not built but there": {map[string]string{"a.go": "//go:build ignore\n\npackage main", "b.go": "package suite" + imports}, "several packages: main suite"},
		"no framework":        {map[string]string{"a.go": "package suite\n\nimport _ \"fmt\""}, "must import"},
		"not Go":              {map[string]string{"a.go": "hello"}, "cannot be read"},
	} {
		folder := t.TempDir()
		for _, file := range slices.Sorted(maps.Keys(c.files)) {
			path := filepath.Join(folder, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(c.files[file]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found, err := rootPackage(folder)
		if c.err == "" && (err != nil || found != "suite") || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %q, %v", name, found, err)
		}
	}
}

func TestRuntime(t *testing.T) {
	for _, c := range []struct {
		language, runtime string
		ok                bool
	}{
		{"1.26.0", "go126", true}, {"1.26", "go126", true}, {"1.25.3", "go126", true}, {"1.9", "go126", true},
		{"1.27.0", "go126", false}, {"1.26.0", "go19", false}, {"1.26.0", "", false}, {"1.26.0", "nodejs22", false},
	} {
		if err := runs(c.language, c.runtime); (err == nil) != c.ok {
			t.Errorf("go.mod of %s on %s: %v", c.language, c.runtime, err)
		}
	}
}
