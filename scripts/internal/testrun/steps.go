package testrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/emulators"
)

// Programs that are built from source here.
const (
	linter             = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"
	vulnerabilityCheck = "golang.org/x/vuln/cmd/govulncheck@v1.9.0"
)

// step is a part of the run that can also be run alone.
type step struct {
	name, about string
	loud        bool // shows what it does, not only how it failed
	long        bool // only with --long, or by its name
	emulated    bool // runs on the emulators
	beside      bool // waits most of its time: it runs beside those that follow
	// on names the files whose changes can break what the step checks, in the
	// form that changes.any takes. A step that names none is run only when
	// everything is checked.
	on  []string
	run func(context.Context, *progress) error
}

// needed reports whether changes can break what the step checks.
func (s step) needed(c *changes) bool { return s.name == "tools" || c.any(s.on...) }

var (
	goFiles = []string{".go", ".mod", ".sum"}
	// sources are those of generated code and pages, and what is generated.
	sources = []string{"proto/", "README.md", "docs/configuration.md", "functions/functions.yaml", "scripts/generate", "scripts/cmd/pages/", "scripts/internal/reference/"}
	// building is what decides, beside code, how the functions are built.
	building = []string{"go.mod", "go.sum", "functions.go", "functions/functions.yaml", "terraform/source.txt", "terraform/modules/function/function.tf", "scripts/buildcheck"}
)

// steps are all there are, in their order.
func steps() []step {
	return []step{
		{name: "tools", about: "the tools that the steps need", run: stepTools, loud: true},
		{name: "format", about: "gofmt", run: stepFormat, on: goFiles},
		{name: "vet", about: "go vet, in both modules", run: stepVet, on: goFiles},
		{name: "lint", about: "golangci-lint, in both modules", run: stepLint, on: goFiles},
		{name: "generated", about: "generated code is up to date", run: program("scripts/generate", "--check"), on: sources},
		{name: "tidy", about: "go.mod and go.sum are tidy, in both modules", run: stepTidy, on: goFiles},
		{name: "killed", about: "the suite on the emulators is killed again and again", run: stepKilled, emulated: true, beside: true},
		{name: "unit", about: "unit, conformance, emulator and end-to-end tests, shuffled, with -race where there are goroutines", run: stepUnit, on: []string{"*"}, loud: true},
		{name: "simulation", about: "the promises under faults, in more worlds", run: stepSimulation},
		{name: "fuzz", about: "each fuzz target for a moment", run: stepFuzz},
		{name: "terraform", about: "the Terraform folder", run: stepTerraform, on: []string{"terraform/", "functions/functions.yaml"}, loud: true},
		{name: "buildcheck", about: "the source as it is deployed builds and starts", run: program("scripts/buildcheck"), on: building},
		{name: "local", about: "scripts/local converges, in memory", run: stepLocal},
		{name: "emulators", about: "scripts/local converges, on the emulators", run: stepEmulators, emulated: true},
		{name: "vulnerabilities", about: "known vulnerabilities in what is linked", run: stepVulnerabilities, on: []string{".mod", ".sum"}},
		{name: "cross", about: "both modules build for other systems", run: stepCross, long: true},
	}
}

func names() []string {
	var all []string
	for _, s := range steps() {
		all = append(all, s.name)
	}
	return all
}

// List prints the steps.
func List(w io.Writer) {
	for _, s := range steps() {
		note := ""
		if s.long {
			note = " (with --long, or by its name)"
		}
		_, _ = fmt.Fprintf(w, "%-16s %s%s\n", s.name, s.about, note)
	}
}

func stepFormat(ctx context.Context, p *progress) error {
	listed, err := output(ctx, p.Root, "git", "ls-files", "--cached", "--others", "--exclude-standard", "*.go")
	if err != nil {
		return err
	}
	arguments := []string{"-l"}
	for _, name := range strings.Fields(listed) {
		if _, err := os.Stat(filepath.Join(p.Root, name)); err == nil && (p.changes == nil || p.changes.files[name]) {
			arguments = append(arguments, name)
		}
	}
	found, err := output(ctx, p.Root, append([]string{"gofmt"}, arguments...)...)
	if err == nil && found != "" {
		err = fmt.Errorf("not formatted (gofmt -w FILE):\n%s", found)
	}
	return err
}

func stepVet(ctx context.Context, p *progress) error {
	return p.each(ctx, func(g goPackage) bool { return p.changes.affects(g) }, "go", "vet")
}

func stepLint(ctx context.Context, p *progress) error {
	program, err := p.build(ctx, linter)
	if err != nil {
		return err
	}
	return p.each(ctx, func(g goPackage) bool { return p.changes.touches(g) }, program, "run", "--config", filepath.Join(p.Root, ".golangci.yml"))
}

// each runs a command on packages, in each module.
func (p *progress) each(ctx context.Context, takes func(goPackage) bool, arguments ...string) error {
	var problems []error
	for _, module := range modules {
		folders := []string{"./..."}
		if p.changes != nil {
			folders = p.foldersOf(module, takes)
		}
		if len(folders) > 0 {
			problems = append(problems, p.command(ctx, module, append(arguments[:len(arguments):len(arguments)], folders...)...))
		}
	}
	return errors.Join(problems...)
}

// foldersOf returns the folders of a module's packages, as arguments for go there.
func (r *testRun) foldersOf(module string, takes func(goPackage) bool) []string {
	var folders []string
	for _, g := range r.packages {
		if folder, err := filepath.Rel(module, g.folder); err == nil && g.module == module && takes(g) {
			folders = append(folders, "./"+filepath.ToSlash(folder))
		}
	}
	return folders
}

// program returns a step that only runs a program.
func program(arguments ...string) func(context.Context, *progress) error {
	return func(ctx context.Context, p *progress) error { return p.command(ctx, ".", arguments...) }
}

func stepTidy(ctx context.Context, p *progress) error {
	return p.both(ctx, nil, "go", "mod", "tidy", "-diff")
}

func stepSimulation(ctx context.Context, p *progress) error {
	// The tests of functions run the first of these worlds.
	worlds := []string{"--first", "31", "--seeds", "70"}
	p.did = "worlds 31 to 100"
	if p.Long {
		worlds, p.did = []string{"--seeds", "1000"}, "worlds 1 to 1000"
	}
	return p.command(ctx, ".", append([]string{"scripts/simulate"}, worlds...)...)
}

func stepTerraform(ctx context.Context, p *progress) error {
	// The tests run terraform/check and look at its plan.
	var variables []string
	if p.CI {
		variables = []string{"TERRAFORM_REQUIRED=1"}
	}
	if err := p.goTest(ctx, ".", variables, "-count=1", "./terraform"); err != nil {
		return err
	}
	if p.skipped > 0 && !p.lacks("terraform") {
		return p.uncheckable("Terraform: the provider registry does not answer")
	}
	return nil
}

func stepLocal(ctx context.Context, p *progress) error { return p.converge(ctx, nil) }

func stepEmulators(ctx context.Context, p *progress) error {
	hosts, err := p.emulators.borrow(ctx)
	if err != nil {
		return err
	}
	return p.converge(ctx, hosts, "--emulators")
}

func (p *progress) converge(ctx context.Context, variables []string, arguments ...string) error {
	return p.commandWith(ctx, ".", variables, append([]string{"scripts/local", "--until", "converged", "--timeout", "2m", "--vm-boot", "500ms", "--operation", "100ms",
		"--endpoints", filepath.Join(p.folder, "endpoints.json"), "--log", filepath.Join(p.folder, "local.log")}, arguments...)...)
}

// databaseLimit is how long the vulnerability database may take to answer.
const databaseLimit = 20 * time.Second

func stepVulnerabilities(ctx context.Context, p *progress) error {
	database := os.Getenv("GOVULNDB")
	if database == "" {
		database = "https://vuln.go.dev"
	}
	if !emulators.Answers(ctx, database+"/index/db.json", databaseLimit) {
		p.unverified("known vulnerabilities, for their database does not answer")
		return nil
	}
	program, err := p.build(ctx, vulnerabilityCheck)
	if err != nil {
		return err
	}
	return p.both(ctx, nil, program, "./...")
}

// systems are the platforms that people work on, as GOOS and GOARCH.
var systems = [][]string{{"GOOS=darwin", "GOARCH=arm64"}, {"GOOS=linux", "GOARCH=arm64"}, {"GOOS=linux", "GOARCH=amd64"}}

func stepCross(ctx context.Context, p *progress) error {
	var problems []error
	p.did = fmt.Sprint(systems)
	for _, system := range systems {
		problems = append(problems, p.both(ctx, append(system[:2:2], "CGO_ENABLED=0"), "go", "build", "./..."))
	}
	return errors.Join(problems...)
}
