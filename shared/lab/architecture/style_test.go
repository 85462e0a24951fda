package architecture

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const maxLines = 400

func TestFilesAreSmall(t *testing.T) {
	for _, f := range sources(t) {
		if f.lines > maxLines && !f.generated {
			t.Errorf("%s has %d lines; the limit is %d", f.path, f.lines, maxLines)
		}
	}
}

var (
	vague       = regexp.MustCompile(`^(utils?|commons?|helpers?|models?|misc|base|lib|libs|stuff|types|interfaces|manager|managers)$`)
	packageName = regexp.MustCompile(`^[a-z][a-z0-9]*(_test)?$`)
)

func TestPackageNames(t *testing.T) {
	for _, f := range sources(t) {
		name := f.syntax.Name.Name
		if vague.MatchString(strings.TrimSuffix(name, "_test")) || vague.MatchString(path.Base(f.folder)) {
			t.Errorf("%s: a package named %s says nothing", f.path, name)
		}
		if !packageName.MatchString(name) {
			t.Errorf("%s: package %s", f.path, name)
		}
		if f.folder != "." && name != "main" && strings.TrimSuffix(name, "_test") != path.Base(f.folder) {
			t.Errorf("%s: package %s is not named like its folder", f.path, name)
		}
	}
}

// Each package has its package comment in one file.
func TestPackageComments(t *testing.T) {
	comments := map[string][]string{}
	for _, f := range code(t) {
		if f.generated {
			continue
		}
		comments[f.folder] = append(comments[f.folder], "")
		if f.syntax.Doc != nil {
			text := f.syntax.Doc.Text()
			if name := f.syntax.Name.Name; name != "main" && !strings.HasPrefix(text, "Package "+name+" ") {
				t.Errorf("%s: the package comment begins %.40q", f.path, text)
			}
			comments[f.folder] = append(comments[f.folder], f.path)
		}
	}
	for folder, of := range comments {
		of = slices.DeleteFunc(of, func(name string) bool { return name == "" })
		if len(of) != 1 {
			t.Errorf("%s: the package comment is in %q; it belongs into one file", folder, of)
		}
	}
}

// Every function is linked into every image, so every init runs everywhere.
func TestInitOnlyRegisters(t *testing.T) {
	for _, f := range code(t) {
		for _, declaration := range f.syntax.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if ok && function.Recv == nil && function.Name.Name == "init" && !f.generated && f.path != "functions.go" {
				t.Errorf("%s has an init", f.path)
			}
		}
	}
}

// Time and randomness are passed to the jobs and to the domain, so that tests
// and simulations control them.
func TestTimeAndRandomnessAreGiven(t *testing.T) {
	pure := []string{"functions", "shared/fleet", "shared/records", "shared/job", "shared/cloud/event", "shared/config", "shared/leasing"}
	globals := map[string][]string{
		"time":         {"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc"},
		"math/rand/v2": {"N", "Int", "IntN", "Int64", "Int64N", "Uint64", "Uint32", "Float64", "Perm", "Shuffle"},
		"math/rand":    {"Int", "Intn", "Float64", "Perm", "Shuffle"},
	}
	for _, f := range code(t) {
		if !within(f.folder, pure...) || f.folder == "shared/config/configsource" || f.generated {
			continue
		}
		ast.Inspect(f.syntax, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, ok := selector.X.(*ast.Ident)
			if !ok {
				return true
			}
			for name, functions := range globals {
				if of.Name == path.Base(strings.TrimSuffix(name, "/v2")) && slices.Contains(f.imports, name) && slices.Contains(functions, selector.Sel.Name) {
					t.Errorf("%s calls %s.%s", f.path, of.Name, selector.Sel.Name)
				}
			}
			return true
		})
	}
}
