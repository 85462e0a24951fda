package e2e

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
)

// update makes TestDocs replace the outputs in the pages by what the commands
// print now: go test ./e2e -run TestDocs -update, in scripts.
var update = flag.Bool("update", false, "rewrite the outputs in the documentation")

// The pages' commands print what the pages show. The commands of a page are
// run in their order against a suite of its own, started as the page's reader
// starts it.
func TestDocs(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("NOT CHECKED: there is no curl, which the pages use: sudo apt-get install curl")
	}
	for _, p := range readPages(t) {
		var runnable []*block
		for _, b := range p.commands() {
			switch {
			case b.notRun != "":
				t.Logf("not run: %s:%d: %s", p.name, b.begin, b.notRun)
			case strings.HasPrefix(b.text, "curl ") || strings.HasPrefix(b.text, "./scripts/"):
				runnable = append(runnable, b)
			default:
				t.Errorf("%s:%d: it begins neither with curl nor with ./scripts/; say why it is not run: <!-- not run: … -->", p.name, b.begin)
			}
		}
		if len(runnable) > 0 {
			t.Run(p.name, func(t *testing.T) { runPage(t, p, runnable) })
		}
	}
}

var ownCommand = regexp.MustCompile(`\./scripts/\w+`)

func runPage(t *testing.T, p *page, commands []*block) {
	for _, b := range commands {
		for _, name := range ownCommand.FindAllString(b.text, -1) { // the first use builds it
			c := exec.Command(filepath.Join(os.Getenv("GCE_BACKEND_ROOT"), name), "--help") //nolint:gosec // one of the checkout
			if printed, err := c.CombinedOutput(); err != nil {
				t.Fatalf("%s --help: %v\n%s", name, err, printed)
			}
		}
	}
	l := start(t)
	l.converged()
	s, texts := shown{}, map[*block]string{}
	for _, b := range commands {
		printed, err := l.shell(s.meant(b.text))
		if err != nil {
			t.Fatalf("%s:%d: %v\n%s", p.name, b.begin, err, printed)
		}
		if b.output == nil {
			continue
		}
		if err := s.compare(b.output.language, b.output.text, printed); err != nil {
			if !*update {
				t.Fatalf("%s:%d: %v", p.name, b.begin, err)
			}
			t.Logf("%s:%d: rewritten", p.name, b.begin)
			texts[b.output] = display(b.output.language, s.asShown(printed))
		}
	}
	if len(texts) > 0 {
		path := filepath.Join(os.Getenv("GCE_BACKEND_ROOT"), p.name)
		if err := os.WriteFile(path, []byte(usualAddresses(p.replaced(texts), l.endpoints)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// usual are the addresses of a suite that has the ports to itself.
var usual = endpoints.Endpoints{
	Functions: "http://127.0.0.1:8080", Compute: "http://127.0.0.1:8081",
	MachineProvider: "http://127.0.0.1:8082", Status: "http://127.0.0.1:8083",
}

// addresses pairs the usual ones with a suite's.
func addresses(of endpoints.Endpoints) [][2]string {
	return [][2]string{
		{usual.Functions, of.Functions}, {usual.Compute, of.Compute},
		{usual.MachineProvider, of.MachineProvider}, {usual.Status, of.Status},
	}
}

func usualAddresses(text string, of endpoints.Endpoints) string {
	for _, pair := range addresses(of) {
		text = strings.ReplaceAll(text, pair[1], pair[0])
	}
	return text
}

// shell runs a command of a page at the root of the checkout, against this
// suite in place of the usual one.
func (l *local) shell(text string) (printed string, err error) {
	for _, pair := range addresses(l.endpoints) {
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	text = strings.ReplaceAll(text, ".build/endpoints.json", l.file)
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", text) //nolint:gosec // it is the documentation's
	c.Dir = os.Getenv("GCE_BACKEND_ROOT")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that nothing outlives it
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	out, err := c.CombinedOutput()
	return string(out), err
}
