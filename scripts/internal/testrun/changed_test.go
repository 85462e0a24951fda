package testrun

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// few returns a few packages like the repository's.
func few() []goPackage {
	link := func(paths ...string) map[string]bool {
		links := map[string]bool{}
		for _, path := range paths {
			links[path] = true
		}
		return links
	}
	return []goPackage{
		{path: "fleet", folder: "shared/fleet", module: ".", tests: true, links: link("fleet")},
		{path: "job", folder: "functions/job", module: ".", tests: true, links: link("job", "fleet")},
		{path: "other", folder: "functions/other", module: ".", tests: true, links: link("other", "fleet")},
		{path: "suite", folder: "functions", module: ".", tests: true, links: link("suite", "job", "other", "fleet")},
		{path: "house", folder: "shared/lab/architecture", module: ".", tests: true, programs: true, links: link("house")},
		{path: "e2e", folder: "scripts/e2e", module: "scripts", tests: true, programs: true, links: link("e2e", "suite", "job", "other", "fleet")},
	}
}

func TestChangesAffectWhatLinksThem(t *testing.T) {
	for _, c := range []struct {
		files                string
		affected, runs, left string
	}{
		{"functions/job/job.go", "e2e house job suite", "house job suite", "scripts/e2e"},
		{"functions/job/testdata/fuzz/x", "e2e house job suite", "house job suite", "scripts/e2e"},
		{"functions/functions.yaml", "e2e house suite", "house suite", "scripts/e2e"},
		{"shared/fleet/fleet.go", "e2e fleet house job other suite", "fleet house job other suite", "scripts/e2e"},
		{"scripts/e2e/x_test.go", "e2e house", "e2e house", ""},
		{"scripts/go.mod", "e2e house", "e2e house", ""},
		{"go.sum", "e2e fleet house job other suite", "e2e fleet house job other suite", ""},
		{"README.md docs/x.md", "house", "house", ""},
		{"", "", "", ""},
	} {
		packages := few()
		changes := newChanges("HEAD", strings.Fields(c.files), packages)
		var runs []string
		for _, g := range packages {
			if changes.runs(g) {
				runs = append(runs, g.path)
			}
		}
		slices.Sort(runs)
		affected := strings.Join(slices.Sorted(maps.Keys(changes.affected)), " ")
		if affected != c.affected || strings.Join(runs, " ") != c.runs || strings.Join(changes.left, " ") != c.left {
			t.Errorf("%s: affected %s, runs %s, left %s", c.files, affected, runs, changes.left)
		}
	}
}

func TestChangesNeedSteps(t *testing.T) {
	for files, want := range map[string]string{
		"functions/job/job.go":                   "tools format vet lint tidy unit",
		"functions/functions.yaml":               "tools generated unit terraform buildcheck",
		"README.md":                              "tools generated unit",
		"proto/config/config.proto":              "tools generated unit",
		"terraform/iam.tf":                       "tools unit terraform",
		"go.mod":                                 "tools format vet lint tidy unit buildcheck vulnerabilities",
		"terraform/modules/function/function.tf": "tools unit terraform buildcheck",
		"":                                       "tools",
	} {
		changes := newChanges("HEAD", strings.Fields(files), few())
		var needed []string
		for _, s := range steps() {
			if s.needed(changes) {
				needed = append(needed, s.name)
			}
		}
		if got := strings.Join(needed, " "); got != want {
			t.Errorf("%s needs %s, want %s", files, got, want)
		}
	}
}
