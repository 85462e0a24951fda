package testrun

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

func look(t *testing.T, test bool, sources ...string) findings {
	t.Helper()
	var f findings
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		f.look(file, test)
	}
	return f
}

func TestFindsGoroutines(t *testing.T) {
	for body, want := range map[string]bool{
		"go f()":                     true,
		"wait.Go(f)":                 true,
		"t.Parallel()":               true,
		"x := httptest.NewServer(h)": true,
		"f(); t.Run(n, f)":           false,
		"s := `go f()`":              false,
	} {
		if got := look(t, false, "package p\nfunc g() { "+body+" }").goroutines; got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestFindsWhatOnlyTheRaceDetectorBuilds(t *testing.T) {
	for constraint, want := range map[string]bool{
		"//go:build race": true, "//go:build !race": true, "//go:build linux && !race": true, "//go:build !linux": false, "// race": false,
	} {
		if got := look(t, true, constraint+"\n\npackage p").raceOnly; got != want {
			t.Errorf("%s: %v", constraint, got)
		}
	}
	if f := look(t, true, "package p\nfunc FuzzRead(f *testing.F) {}\nfunc (x) FuzzNo() {}"); !slices.Equal(f.fuzz, []string{"FuzzRead"}) {
		t.Errorf("fuzz targets %v", f.fuzz)
	}
}

// The rules, applied to this repository.
func TestHowPackagesAreTested(t *testing.T) {
	packages, err := readPackages(t.Context(), repository(t))
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]goPackage{}
	for _, g := range packages {
		by[g.folder] = g
	}
	for folder, want := range map[string]struct{ concurrent, cached, both bool }{
		"shared/fleet":                 {false, true, false}, // the domain: tables
		"shared/job":                   {true, true, false},  // fans out
		"functions":                    {true, true, true},   // worlds without the detector, the rest with it
		"functions/machineprovider":    {true, false, false}, // on the emulator
		"shared/cloud/store/firestore": {true, false, false}, // by the suite that its tests import
		"shared/lab/store/memory":      {true, true, false},  // likewise, in memory
		"scripts/e2e":                  {true, false, false},
		"scripts/internal/reference":   {false, false, false}, // reads files of another module
	} {
		if g, ok := by[folder]; !ok || g.concurrent != want.concurrent || g.cached() != want.cached || g.both != want.both {
			t.Errorf("%s: found %v, concurrent %v, cached %v, both %v", folder, ok, g.concurrent, g.cached(), g.both)
		}
	}
	targets := 0
	for _, g := range packages {
		targets += len(g.fuzz)
	}
	if targets < 20 {
		t.Errorf("only %d fuzz targets", targets)
	}
	for _, folder := range everywhere {
		if _, ok := by[folder]; !ok {
			t.Errorf("there is no package %s", folder)
		}
	}
}

func TestBatchesTakeEachPackage(t *testing.T) {
	packages := []goPackage{
		{path: "table", folder: "table", module: ".", tests: true},
		{path: "crowd", folder: "crowd", module: ".", tests: true, concurrent: true},
		{path: "both", folder: "both", module: ".", tests: true, concurrent: true, both: true},
		{path: "runs", folder: "runs", module: ".", tests: true, programs: true},
		{path: "second", folder: "scripts/second", module: "scripts", tests: true},
		{path: "none", folder: "none", module: "."},
	}
	said := func(r *testRun) string {
		var all []string
		for b, paths := range r.batches() {
			for _, path := range paths {
				words := path
				if b.race {
					words += "+race"
				}
				if b.cached {
					words += "+cached"
				}
				all = append(all, words)
			}
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	for _, c := range []struct {
		name string
		run  *testRun
		want string
	}{
		{"usual", &testRun{race: true}, "both+cached both+race+cached crowd+race+cached runs second table+cached"},
		{"no C compiler", &testRun{}, "both+cached crowd+cached runs second table+cached"},
		{"long", &testRun{race: true, Options: Options{Long: true}}, "both both+race crowd+race runs+race second+race table+race"},
	} {
		c.run.packages = packages
		if got := said(c.run); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
