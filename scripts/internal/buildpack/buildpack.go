// Package buildpack builds the source that Terraform deploys as Google's Go
// buildpack does (GoogleCloudPlatform/buildpacks, cmd/go/functions_framework):
// it finds the package at the root, writes a main for it, tidies the module and
// builds.
package buildpack

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/lab/source"
)

const framework = "github.com/GoogleCloudPlatform/functions-framework-go"

// Source is the deployed source, in its own folder, and what the buildpack
// detects in it.
type Source struct {
	Folder string
	Files  int
	Zip    int64 // bytes
	Build  source.Build

	Package, Module, Framework string
}

// Unpack makes the zip that Terraform makes, and unpacks it in a folder below
// work.
func Unpack(root, work string) (Source, error) {
	s := Source{Folder: filepath.Join(work, "workspace", "serverless_function_source_code")}
	names, err := source.Files(root)
	if err != nil {
		return s, err
	}
	if info, err := os.Stat(filepath.Join(root, "go.mod")); err != nil || info.Mode().Perm()&0o200 == 0 {
		return s, errors.Join(err, errors.New("go.mod is not writable"))
	}
	archive := filepath.Join(work, "source.zip")
	if err := source.Pack(root, archive, s.Folder, names); err != nil {
		return s, fmt.Errorf("pack what is deployed: %w", err)
	}
	info, err := os.Stat(archive)
	if err != nil {
		return s, err
	}
	s.Files, s.Zip = len(names), info.Size()
	s.Build, err = source.ReadBuild(root)
	return s, err
}

// Detect finds the package and the module, and refuses what the buildpack or the
// runtime would refuse. Then it writes the buildpack's main.
func (s *Source) Detect(ctx context.Context) (err error) {
	if s.Package, err = rootPackage(s.Folder); err != nil {
		return err
	}
	output, err := s.command(ctx, "", "list", "-m", "-f", "{{.Path}} {{.GoVersion}}").Output()
	if err != nil {
		return fmt.Errorf("go.mod cannot be read: %w", stderr(err))
	}
	module, language, _ := strings.Cut(strings.TrimSpace(string(output)), " ")
	if first, _, _ := strings.Cut(module, "/"); !strings.Contains(first, ".") {
		return fmt.Errorf("the first part of the module path %s has no dot", module)
	}
	output, err = s.command(ctx, "", "list", "-m", "-f", "{{.Version}}", framework).Output()
	if err != nil {
		return fmt.Errorf("go.mod does not require %s", framework)
	}
	if err := runs(language, s.Build.Runtime); err != nil {
		return err
	}
	s.Module, s.Framework = module, strings.TrimSpace(string(output))
	app := filepath.Join(s.Folder, "functions.local", "app")
	text := fmt.Sprintf(template, s.Module, framework+"/funcframework")
	return errors.Join(os.MkdirAll(app, 0o700), os.WriteFile(filepath.Join(app, "main.go"), []byte(text), 0o600))
}

// template is the buildpack's template of main for declarative functions, except
// that it listens on 127.0.0.1 only.
const template = `package main

import (
	"log"
	"net/http"
	"os"

	_ %q

	%q
)

func main() {
	http.HandleFunc("/robots.txt", http.NotFound)
	http.HandleFunc("/favicon.ico", http.NotFound)
	if err := funcframework.StartHostPort("127.0.0.1", os.Getenv("PORT")); err != nil {
		log.Fatalf("Function failed to start: %%v\n", err)
	}
}
`

// rootPackage returns the name of the package at the root. Every .go file there
// counts, even one that is not built.
func rootPackage(folder string) (string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return "", err
	}
	var packages, imports []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return "", fmt.Errorf("the root's .go files cannot be read: %w", err)
		}
		packages = append(packages, parsed.Name.Name)
		for _, spec := range parsed.Imports {
			imports = append(imports, spec.Path.Value)
		}
	}
	slices.Sort(packages)
	switch packages = slices.Compact(packages); {
	case len(packages) == 0:
		return "", errors.New("there is no .go file at the root")
	case len(packages) > 1:
		return "", fmt.Errorf("the root's .go files are of several packages: %s", strings.Join(packages, " "))
	case packages[0] == "main":
		return "", errors.New("the root's package must not be main")
	case !slices.Contains(imports, `"`+framework+`/functions"`):
		return "", fmt.Errorf("the root's package must import %s/functions itself, or the buildpack takes another template", framework)
	}
	return packages[0], nil
}

// runs checks that a runtime, such as go126, has the version of Go that go.mod
// needs, such as 1.26.0.
func runs(language, runtime string) error {
	have, ok := strings.CutPrefix(runtime, "go1")
	if needed := version.Lang("go" + language); !ok || version.Compare(needed, "go1."+have) > 0 {
		return fmt.Errorf("go.mod needs %s, functions run on %s", needed, runtime)
	}
	return nil
}

// Tidy returns the changes that go mod tidy would make, as a diff; "" for none.
// The buildpack runs go mod tidy and builds with its result.
func (s Source) Tidy(ctx context.Context) (string, error) {
	diff, err := s.command(ctx, "", "mod", "tidy", "-diff").Output()
	if err != nil && len(diff) == 0 {
		return "", fmt.Errorf("go mod tidy: %w", stderr(err))
	}
	return string(diff), nil
}

// Compile builds the main with these flags.
func (s Source) Compile(ctx context.Context, goflags, ldflags, to string) error {
	if output, err := s.command(ctx, goflags, "build", "-ldflags="+ldflags, "-o", to, "./functions.local/app").CombinedOutput(); err != nil {
		return fmt.Errorf("build what is deployed: %w: %s", err, output)
	}
	return nil
}

// command returns a go command that runs in the source. It ignores go.work and
// the user's flags, because the buildpack has neither.
func (s Source) command(ctx context.Context, goflags string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = s.Folder
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS="+goflags)
	return command
}

// stderr adds the command's standard error to its error.
func stderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}
