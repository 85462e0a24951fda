package architecture

import (
	"encoding/json"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/source"
)

// Terraform zips exactly the files that the root package links: an edit of any
// other file must not rebuild and redeploy sixteen functions.
func TestTheZipIsWhatIsLinked(t *testing.T) {
	zipped, err := source.Files(root)
	if err != nil {
		t.Fatal(err)
	}
	linked := linkedFiles(t)
	for _, name := range zipped {
		if name != "go.mod" && name != "go.sum" && !slices.Contains(linked, name) {
			t.Errorf("%s is in the zip and linked into nothing", name)
		}
	}
	for _, name := range linked {
		if !slices.Contains(zipped, name) {
			t.Errorf("%s is linked and not in the zip", name)
		}
	}
}

// linkedFiles lists the files of this module that are linked into the root
// package, on any platform, relative to the root.
func linkedFiles(t *testing.T) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Dir,Module,GoFiles,IgnoredGoFiles,EmbedFiles", ".")
	list.Dir = root
	output, err := list.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Start(); err != nil {
		t.Fatal(err)
	}
	var files []string
	for decoder := json.NewDecoder(output); ; {
		var p struct {
			Dir                                 string
			Module                              *struct{ Path, Dir string }
			GoFiles, IgnoredGoFiles, EmbedFiles []string
		}
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module == nil || p.Module.Path != module {
			continue
		}
		folder, err := filepath.Rel(p.Module.Dir, p.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles, p.EmbedFiles) {
			if !strings.HasSuffix(name, "_test.go") {
				files = append(files, path.Join(filepath.ToSlash(folder), name))
			}
		}
	}
	if err := list.Wait(); err != nil {
		t.Fatalf("go list: %v", err)
	}
	if len(files) < 100 {
		t.Fatalf("only %d files are linked: the root is not found", len(files))
	}
	return files
}
