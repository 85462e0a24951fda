package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	root   = "../../.."
	module = "github.com/gce-backend/gce-backend"
)

// file is a Go file of the repository.
type file struct {
	path      string // relative to the root
	folder    string // "." at the root
	test      bool
	generated bool
	syntax    *ast.File
	imports   []string // imports of this repository, without the module's path
	lines     int
}

// load reads all Go files once.
var load = sync.OnceValues(func() ([]file, error) {
	var files []file
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative := filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(name, root), string(filepath.Separator)))
		if entry.IsDir() {
			if hidden := strings.HasPrefix(entry.Name(), ".") && name != root; hidden || entry.Name() == "testdata" || entry.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if path.Ext(relative) != ".go" {
			return nil
		}
		syntax, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f := file{path: relative, folder: path.Dir(relative), test: strings.HasSuffix(relative, "_test.go"),
			generated: ast.IsGenerated(syntax), syntax: syntax, lines: set.File(syntax.Pos()).LineCount() - 1}
		for _, spec := range syntax.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, strings.TrimPrefix(name, module+"/"))
		}
		files = append(files, f)
		return nil
	})
	return files, err
})

func sources(t *testing.T) []file {
	t.Helper()
	files, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("only %d files: this is not the repository", len(files))
	}
	return files
}

// code returns the files that are not tests.
func code(t *testing.T) []file {
	return slices.DeleteFunc(slices.Clone(sources(t)), func(f file) bool { return f.test })
}

// within reports whether a folder is one of folders or below it.
func within(folder string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(of string) bool { return folder == of || strings.HasPrefix(folder, of+"/") })
}

// standard reports whether an import is of the standard library.
func standard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".") && !ours(name)
}

// ours reports whether an import is of this repository.
func ours(name string) bool {
	return name == module || within(name, "functions", "shared", "proto", "scripts", "terraform")
}
