package architecture

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

func parsed(t *testing.T) manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse(functions.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// factName matches the names of facts: a thing and what happened to it.
var factName = regexp.MustCompile(`^[a-z]+(-[a-z]+)*-(imported|uploaded|processed|created|resized|fetched|cataloged|marked|deleted|changed|activity)$`)

// literals visits the string literals of a file, except for struct tags and
// imports.
func literals(f file, visit func(value string)) {
	ast.Inspect(f.syntax, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if value, err := strconv.Unquote(node.Value); err == nil && node.Kind == token.STRING {
				visit(value)
			}
		}
		return true
	})
}

// Every fact that the code names is in functions.yaml.
func TestFactsInCodeAreInTheManifest(t *testing.T) {
	topics := parsed(t).Topics()
	found := 0
	for _, f := range code(t) {
		if f.generated {
			continue
		}
		literals(f, func(value string) {
			if !factName.MatchString(value) {
				return
			}
			found++
			if !slices.Contains(topics, value) {
				t.Errorf("%s names the fact %q, which functions.yaml does not have", f.path, value)
			}
		})
	}
	if found < 10 {
		t.Errorf("only %d facts were found in the code", found)
	}
}

// Each function announces exactly the facts that functions.yaml lists for it:
// its right to publish follows from that list.
func TestFunctionsAnnounceWhatTheManifestSays(t *testing.T) {
	for name, function := range parsed(t).Functions {
		announced := map[string]bool{}
		for _, f := range code(t) {
			if f.folder != "functions/"+strings.ReplaceAll(name, "-", "") {
				continue
			}
			ast.Inspect(f.syntax, func(node ast.Node) bool {
				// A broker with a publisher notifies each backend on the backend's topic,
				// which for GCE Backend is LeasesChanged.
				if field, ok := node.(*ast.KeyValueExpr); ok && slices.Contains(f.imports, "shared/leasing/broker") {
					if name, ok := field.Key.(*ast.Ident); ok && name.Name == "Publisher" {
						announced[event.LeasesChanged] = true
					}
				}
				call, ok := node.(*ast.CallExpr)
				if !ok {
					return true
				}
				selector, ok := call.Fun.(*ast.SelectorExpr)
				switch {
				case ok && selector.Sel.Name == "Announce":
					literal, ok := call.Args[1].(*ast.BasicLit)
					if !ok {
						t.Errorf("%s announces a topic that is not a literal, so this test cannot check it", f.path)
						return true
					}
					fact, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Error(err)
					}
					announced[fact] = true
				case ok && (selector.Sel.Name == "Spread" || selector.Sel.Name == "SpreadWaiting"):
					announced[name] = true // work beyond one run goes to the job's own topic
				}
				return true
			})
		}
		for fact := range announced {
			if !slices.Contains(function.Announces, fact) {
				t.Errorf("%s announces %s; functions.yaml does not say so", name, fact)
			}
		}
		for _, fact := range function.Announces {
			if !announced[fact] {
				t.Errorf("functions.yaml says that %s announces %s; the code does not", name, fact)
			}
		}
	}
}

// Each function has a folder, and each folder is a function.
func TestFoldersAreTheFunctions(t *testing.T) {
	folders := map[string]bool{}
	for _, f := range code(t) {
		if within(f.folder, "functions") && f.folder != "functions" {
			folders[path.Base(f.folder)] = true
			if path.Dir(f.folder) != "functions" {
				t.Errorf("%s: a function is one folder", f.path)
			}
		}
	}
	for name := range parsed(t).Functions {
		folder := strings.ReplaceAll(name, "-", "")
		if !folders[folder] {
			t.Errorf("functions.yaml names %s, and there is no folder functions/%s", name, folder)
		}
		delete(folders, folder)
	}
	for folder := range folders {
		t.Errorf("functions/%s is not in functions.yaml", folder)
	}
}
