package testrun

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// project begins the import path of each package of the project.
const project = "github.com/gce-backend/gce-backend"

// modules are the folders of the project's modules. The second module requires
// the first.
var modules = []string{".", "scripts"}

// goPackage is a package of the project, according to its files.
type goPackage struct {
	path   string // its import path
	folder string // relative to the root
	module string // its folder
	tests  bool   // it has some
	// links are the packages of the project that its tests link, itself
	// included.
	links map[string]bool
	// concurrent reports whether goroutines are started by its code, by its
	// tests, or by a package that its tests import, such as a suite for all
	// implementations of a contract. The race detector looks at such packages:
	// it makes the others' tests several times as slow and cannot find
	// anything in them.
	concurrent bool
	// both reports whether some of its tests need the race detector, or must run
	// without it.
	both bool
	// programs reports whether its tests link code of the project that runs other
	// programs.
	programs bool
	fuzz     []string // its fuzz targets
}

// cached reports whether go test can see everything that the package's tests
// depend on: the linked code, environment variables, and files of their module.
// It cannot see what other programs read (emulators, browsers, terraform), nor
// files of another module.
func (p goPackage) cached() bool { return !p.programs && p.module == "." }

// listed is the output of go list for a package.
type listed struct {
	ImportPath, Dir                    string
	GoFiles, CgoFiles                  []string
	TestGoFiles, XTestGoFiles          []string
	IgnoredGoFiles                     []string
	Imports, TestImports, XTestImports []string
	Deps                               []string // of what it imports too
	Error                              *struct{ Err string }
	parsed                             findings
}

// findings are facts found in the source of a package.
type findings struct {
	goroutines, raceOnly bool
	fuzz                 []string
}

// readPackages lists the packages of the project.
func readPackages(ctx context.Context, root string) ([]goPackage, error) {
	all := map[string]*listed{}
	in := map[string]string{}
	for _, module := range modules {
		found, err := list(ctx, filepath.Join(root, module))
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			all[p.ImportPath], in[p.ImportPath] = p, module
		}
	}
	for _, p := range all {
		p.parse()
	}
	runs := func(path string) bool { return slices.Contains(all[path].Imports, "os/exec") }
	var packages []goPackage
	for path, p := range all {
		folder, err := filepath.Rel(root, p.Dir)
		if err != nil {
			return nil, err
		}
		made := goPackage{path: path, folder: filepath.ToSlash(folder), module: in[path], links: map[string]bool{path: true},
			tests: len(p.TestGoFiles)+len(p.XTestGoFiles) > 0, concurrent: p.parsed.goroutines, both: p.parsed.raceOnly, fuzz: p.parsed.fuzz}
		tests := slices.Concat(p.TestImports, p.XTestImports)
		for _, imported := range append(tests, path) {
			of := all[imported]
			if of == nil {
				continue // it is not ours
			}
			made.concurrent = made.concurrent || of.parsed.goroutines
			for _, linked := range append(of.Deps, imported) {
				if all[linked] != nil {
					made.links[linked] = true
				}
			}
		}
		made.programs = slices.Contains(tests, "os/exec")
		for linked := range made.links {
			made.programs = made.programs || runs(linked)
		}
		packages = append(packages, made)
	}
	slices.SortFunc(packages, func(a, b goPackage) int { return strings.Compare(a.path, b.path) })
	return packages, nil
}

func list(ctx context.Context, folder string) ([]*listed, error) {
	printed, err := output(ctx, folder, "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles,Imports,TestImports,XTestImports,Deps,Error", "./...")
	if err != nil {
		return nil, fmt.Errorf("list the packages of %s: %w", folder, err)
	}
	var all []*listed
	for decoder := json.NewDecoder(strings.NewReader(printed)); decoder.More(); {
		p := &listed{}
		if err := decoder.Decode(p); err != nil {
			return nil, fmt.Errorf("read what go list in %s prints: %w", folder, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// parse reads the package's files. Those with mistakes are left to the steps
// that build them.
func (p *listed) parse() {
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.TestGoFiles, p.XTestGoFiles, p.IgnoredGoFiles) {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err == nil {
			p.parsed.look(file, strings.HasSuffix(name, "_test.go"))
		}
	}
}

func (f *findings) look(file *ast.File, test bool) {
	f.raceOnly = f.raceOnly || test && mentionsRace(file)
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.GoStmt:
			f.goroutines = true
		case *ast.CallExpr:
			if called, ok := node.Fun.(*ast.SelectorExpr); ok && slices.Contains(starters, called.Sel.Name) {
				f.goroutines = true
			}
		case *ast.FuncDecl:
			if test && node.Recv == nil && strings.HasPrefix(node.Name.Name, "Fuzz") {
				f.fuzz = append(f.fuzz, node.Name.Name)
			}
		}
		return true
	})
}

// starters are the names of methods and functions that start goroutines: those
// of sync.WaitGroup and errgroup.Group, testing, httptest, net/http and time.
var starters = []string{"Go", "Parallel", "NewServer", "NewTLSServer", "NewUnstartedServer", "Serve", "ListenAndServe", "AfterFunc"}

// mentionsRace reports whether a build constraint of a file mentions the race
// detector.
func mentionsRace(file *ast.File) (race bool) {
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if expression, err := constraint.Parse(comment.Text); err == nil && comment.Pos() < file.Package {
				expression.Eval(func(tag string) bool { race = race || tag == "race"; return true })
			}
		}
	}
	return race
}
