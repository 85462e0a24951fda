package testrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/gce-backend/gce-backend/shared/lab/emulators"
)

// tool is a program that a check needs and that is not built from source here.
type tool struct {
	name   string
	title  string // what it is
	needed string // its version: a minimum, or any
	checks string // what cannot be checked without it
	there  func(context.Context) bool
	debian []string // packages of Debian, and of Ubuntu unless there are others
	ubuntu []string
	source source // of these packages, if not the system's own
	mac    string // a command
}

// String returns the tool's title and version.
func (t tool) String() string {
	if t.needed == "any" {
		return t.title
	}
	return t.title + " " + t.needed + " or later"
}

// tools returns everything that a machine with Go and git may lack.
func tools() []tool {
	return []tool{
		{name: "compiler", title: "C compiler", needed: "any", checks: "data races", there: hasRaceDetector,
			debian: []string{"gcc", "libc6-dev"}, mac: "xcode-select --install"},
		{name: "curl", title: "curl", needed: "any", checks: "the commands in README and docs", there: onPath("curl"),
			debian: []string{"curl"}, mac: "brew install curl"},
		{name: "java", title: "Java", needed: "17", checks: "what runs on the emulators", there: java,
			debian: []string{"default-jre-headless"}, mac: "brew install --cask temurin"},
		{name: "emulators", title: "Google Cloud SDK with the emulators of Firestore and Pub/Sub", needed: "any", checks: "what runs on the emulators",
			there:  func(context.Context) bool { return emulators.Installed() },
			debian: []string{"google-cloud-cli", "google-cloud-cli-firestore-emulator", "google-cloud-cli-pubsub-emulator"}, source: google,
			mac: "brew install --cask google-cloud-sdk && gcloud components install --quiet cloud-firestore-emulator pubsub-emulator"},
		{name: "terraform", title: "Terraform", needed: "1.9", checks: "the Terraform folder", there: atLeast(`Terraform v(\d+)\.(\d+)`, 1, 9, "terraform", "version"),
			debian: []string{"terraform"}, source: hashicorp, mac: "brew install hashicorp/tap/terraform"},
		{name: "chromium", title: "Chromium or Chrome", needed: "any", checks: "the status page in a browser", there: onPath(browsers()...),
			debian: []string{"chromium"}, ubuntu: []string{"chromium-browser"}, mac: "brew install --cask chromium"},
	}
}

// browsers returns the names under which the status page's tests look for a
// browser.
func browsers() []string {
	return []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"}
}

func onPath(programs ...string) func(context.Context) bool {
	return func(context.Context) bool {
		return slices.ContainsFunc(programs, func(name string) bool {
			_, err := exec.LookPath(name)
			return name != "" && err == nil
		})
	}
}

// atLeast returns a check that runs a program that prints its version. The
// pattern finds the major and minor numbers.
func atLeast(pattern string, major, minor int, program ...string) func(context.Context) bool {
	found := regexp.MustCompile(pattern)
	return func(ctx context.Context) bool {
		printed, err := exec.CommandContext(ctx, program[0], program[1:]...).CombinedOutput() //nolint:gosec // Java or Terraform
		numbers := found.FindSubmatch(printed)
		if err != nil || numbers == nil {
			return false
		}
		here, _ := strconv.Atoi(string(numbers[1]))
		below, _ := strconv.Atoi(string(numbers[2]))
		return here > major || here == major && below >= minor
	}
}

func java(ctx context.Context) bool {
	program := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		program = filepath.Join(home, "bin", "java")
	}
	return atLeast(`version "(\d+)\.?(\d*)`, 17, 0, program, "-version")(ctx)
}

// hasRaceDetector reports whether go can build with the race detector, which
// needs cgo and a C compiler.
func hasRaceDetector(ctx context.Context) bool {
	printed, err := output(ctx, ".", "go", "env", "CGO_ENABLED", "CC")
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	if err != nil || len(lines) != 2 || lines[0] != "1" {
		return false
	}
	_, err = exec.LookPath(strings.Fields(lines[1])[0])
	return err == nil
}

// missing returns the tools that this machine lacks.
func missing(ctx context.Context) []tool {
	return slices.DeleteFunc(tools(), func(t tool) bool { return t.there(ctx) })
}

// lacks reports whether one of these tools is missing.
func (r *testRun) lacks(names ...string) bool {
	return slices.ContainsFunc(r.missing, func(t tool) bool { return slices.Contains(names, t.name) })
}

// stepTools reports everything that is missing, before anything else runs.
func stepTools(ctx context.Context, p *progress) error {
	if p.CI && p.lacks("chromium") {
		if err := p.installBrowser(ctx); err != nil {
			return err
		}
		p.missing = missing(ctx)
	}
	if len(p.missing) > 0 {
		_, _ = fmt.Fprintln(p.shown, "Missing on this machine:")
		for _, t := range p.missing {
			_, _ = fmt.Fprintf(p.shown, "  %s, for %s\n", t, t.checks)
			for _, line := range t.howTo() {
				_, _ = fmt.Fprintf(p.shown, "    %s\n", line)
			}
		}
		_, _ = fmt.Fprintln(p.shown, "scripts/test --setup installs them. What they check is left out.")
	}
	var problems []error
	for _, t := range p.missing {
		problems = append(problems, p.uncheckable("%s: %s is missing", t.checks, t))
	}
	return errors.Join(problems...)
}

// installBrowser installs Chromium if that may be done without asking: in
// continuous integration, as root.
func (p *progress) installBrowser(ctx context.Context) error {
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return nil
	}
	_, _ = fmt.Fprintln(p.shown, "installing chromium")
	if err := p.command(ctx, ".", "apt-get", "update", "-qq"); err != nil {
		return err
	}
	return p.commandWith(ctx, ".", []string{"DEBIAN_FRONTEND=noninteractive"}, "apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium")
}

// build builds a program from PACKAGE@VERSION, unless it was built before, and
// returns its path.
func (p *progress) build(ctx context.Context, source string) (string, error) {
	of, version, _ := strings.Cut(source, "@")
	name := path.Base(of)
	program, stamp := filepath.Join(p.bin, name), filepath.Join(p.bin, "."+name+"."+version+"."+runtime.Version())
	_, stamped := os.Stat(stamp)
	_, there := os.Stat(program)
	if stamped == nil && there == nil {
		return program, nil
	}
	_, _ = fmt.Fprintf(p.shown, "building %s\n", source)
	if err := p.commandWith(ctx, ".", []string{"GOBIN=" + p.bin, "GOFLAGS=-mod=mod"}, "go", "install", source); err != nil {
		return "", err
	}
	return program, os.WriteFile(stamp, nil, 0o600)
}
