package config

import (
	"io/fs"
	"path"
	"strings"
	"testing"
)

// A path that metadata_from_file names stays in the configuration's folder, or
// is refused.
func FuzzMetadataFiles(f *testing.F) {
	for _, name := range []string{"startup/s.sh", "../out", "a/../../out", "/etc/passwd", ".", "a//b", "a\\..\\b", "\x00", "..", "./a", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean, err := cleanPath(name)
		if err == nil && (!fs.ValidPath(clean) || clean == "." || !strings.HasPrefix(path.Join("/folder", clean), "/folder/")) {
			t.Errorf("%q is %q", name, clean)
		}
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\x00", `\000`).Replace(name)
		for _, file := range MetadataFiles([]byte(`templates { metadata_from_file: "k:` + quoted + `" }`)) {
			if err != nil || file != clean {
				t.Errorf("%q is read as %q", name, file)
			}
		}
	})
}
