package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
)

// pageNamed reads one page.
func pageNamed(t *testing.T, name string) *page {
	t.Helper()
	for _, p := range readPages(t) {
		if p.name == name {
			return p
		}
	}
	t.Fatalf("there is no page %s", name)
	return nil
}

func (p *page) text() string { return strings.Join(p.lines, "\n") }

// prose is the page without its fenced blocks.
func (p *page) prose() string {
	texts := map[*block]string{}
	for _, b := range p.blocks {
		texts[b] = ""
	}
	return p.replaced(texts)
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	dropped = regexp.MustCompile("[^a-z0-9 _-]")
)

// anchors are the headings of a page, as links name them.
func (p *page) anchors() []string {
	var all []string
	for _, match := range heading.FindAllStringSubmatch(p.prose(), -1) {
		all = append(all, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-"))
	}
	return all
}

// Links within the documentation lead somewhere.
func TestLinks(t *testing.T) {
	root := os.Getenv("GCE_BACKEND_ROOT")
	pages := map[string]*page{}
	for _, p := range readPages(t) {
		pages[p.name] = p
	}
	for _, p := range pages {
		for _, match := range link.FindAllStringSubmatch(p.prose(), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(match[1], "#")
			target := p.name
			if path != "" {
				target = filepath.Join(filepath.Dir(p.name), path)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", p.name, match[1])
			} else if to := pages[target]; anchor != "" && to != nil && !slices.Contains(to.anchors(), anchor) {
				t.Errorf("%s: the link %s leads to no heading; there are %q", p.name, match[1], to.anchors())
			}
		}
	}
}

var method = regexp.MustCompile(`"((?:catalog|machine_provider|machine)/v1/\w+)": `)

// The page about the Machine Provider has every method, with an example, and
// every error value.
func TestMachineProviderPage(t *testing.T) {
	p := pageNamed(t, "docs/machine-provider.md")
	source, err := os.ReadFile(filepath.Join(os.Getenv("GCE_BACKEND_ROOT"), "functions/machineprovider/caller.go"))
	if err != nil {
		t.Fatal(err)
	}
	methods := method.FindAllStringSubmatch(string(source), -1)
	if len(methods) < 15 {
		t.Fatalf("only %d methods are found", len(methods))
	}
	commands := ""
	for _, b := range p.commands() {
		commands += b.text + "\n"
	}
	for _, match := range methods {
		if !strings.Contains(commands, "/_ah/api/"+match[1]+" ") {
			t.Errorf("there is no example of %s", match[1])
		}
	}
	for _, values := range []map[string]int32{
		pb.CatalogManipulationResponse_Error_value, pb.LeaseResponse_Error_value, pb.LeaseReleaseResponse_Error_value,
		pb.LeaseRenewalResponse_Error_value, pb.MachineInstructionResponse_Error_value, pb.LeaseResponse_State_value,
		pb.MachineReclamationPolicy_value,
	} {
		for name := range values {
			if !strings.Contains(p.prose(), "`"+name+"`") {
				t.Errorf("%s is not described", name)
			}
		}
	}
}

var (
	eventName       = regexp.MustCompile(`[A-Z][A-Z_]{3,}`)
	terraformOutput = regexp.MustCompile("`terraform output (?:-raw )?(\\w+)|\\$\\(terraform output (?:-raw )?(\\w+)")
)

// What the pages about alerts ask for is there: each query is well-formed, and
// each event in one is one that the code logs.
func TestOperationsPages(t *testing.T) {
	code := sources(t, "functions", "shared")
	for _, p := range readPages(t) {
		for _, text := range p.queries(nil) {
			if _, err := parseQuery(text); err != nil {
				t.Errorf("%s: %v in\n%s", p.name, err, text)
			}
			for line := range strings.Lines(text) {
				if !strings.Contains(line, "jsonPayload.event") {
					continue
				}
				for _, name := range eventName.FindAllString(line, -1) {
					if !strings.Contains(code, `"`+name+`"`) {
						t.Errorf("%s: nothing logs the event %s", p.name, name)
					}
				}
			}
		}
	}
}

// The outputs of Terraform that pages name are there.
func TestTerraformOutputs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(os.Getenv("GCE_BACKEND_ROOT"), "terraform/outputs.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range readPages(t) {
		for _, match := range terraformOutput.FindAllStringSubmatch(strings.ReplaceAll(p.text(), "\n", " "), -1) {
			if name := match[1] + match[2]; !strings.Contains(string(text), `output "`+name+`"`) {
				t.Errorf("%s: there is no output %s", p.name, name)
			}
		}
	}
}

// sources is the Go code below some folders, without tests.
func sources(t *testing.T, folders ...string) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(os.Getenv("GCE_BACKEND_ROOT"), folder), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path) //nolint:gosec // a file of the checkout
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// A request that waits is seen by the query of the page about long waits.
func TestLeaseWaitPage(t *testing.T) {
	t.Parallel()
	p := pageNamed(t, "docs/operations/lease-wait.md")
	l := start(t)
	l.converged()
	var answer any
	l.call("machine_provider/v1/lease", "lessee@example.com",
		map[string]any{"request_id": "one", "indefinite": true, "dimensions": map[string]any{"os_family": "WINDOWS"}}, &answer)
	l.eventually("the wait is logged", func() error {
		for _, event := range []string{"LEASES_WAITING", "POOL"} {
			line, err := l.last(`"event":"` + event + `"`)
			if err != nil {
				return err
			}
			if err := leads(p, nil, line); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
}

// last is the log's last line that holds all of these.
func (l *local) last(parts ...string) (map[string]any, error) {
	lines := l.logged(parts...)
	if len(lines) == 0 {
		return nil, errors.New("nothing is logged")
	}
	return decoded(lines[len(lines)-1])
}
