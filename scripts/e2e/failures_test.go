package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// trouble is a common failure: how it comes about, what the log must say, and
// which page's query leads there.
type trouble struct {
	name string
	// before changes each configuration after it was written. The suite first
	// converges without a template; after is called once a template is configured.
	before func(t *testing.T, folder string)
	after  func(l *local, folder string)
	// says are parts of one line's message: what was attempted, on which entity,
	// what came back.
	says []string
	// has are fields of that line; next is part of its `next`.
	has  map[string]string
	next string
	// page is the operations page whose queries find the line; values replace the
	// words in capitals in them, as a reader does with the alert's labels.
	page   string
	values map[string]string
}

const (
	vmsOf    = "create VMs of group linux-small-"
	tick     = "the job's next tick"
	byPerson = "needs a person"
)

// inject makes the simulator fail.
func inject(method string, fault map[string]any) func(*local, string) {
	return func(l *local, _ string) {
		var done any
		l.post(l.endpoints.Compute+"/admin/faults", "", map[string]any{"method": method, "count": -1, "fault": fault}, &done)
	}
}

func attempt(code, message string) map[string]any {
	return map[string]any{"operationErrors": []any{map[string]any{"code": code, "message": message}}}
}

var troubles = []trouble{
	{
		name: "missing permission",
		after: inject("instanceTemplates.insert", map[string]any{"status": 403, "reason": "forbidden",
			"message": "Required 'compute.instanceTemplates.create' permission for 'projects/example-builders/global/instanceTemplates/x'"}),
		says:   []string{"create instance template linux-small-", "in project example-builders", "Required 'compute.instanceTemplates.create' permission", "403"},
		has:    map[string]string{"job": "create-instance-templates", "severity": "ERROR", "error_class": "permanent", "base_name": "linux-small", "event": "OPERATION_ERROR", "code": "forbidden", "method": "instanceTemplates.insert"},
		next:   byPerson,
		page:   "job-without-success",
		values: map[string]string{"JOB": "create-instance-templates"},
	},
	{
		name:   "quota of VMs",
		after:  inject("instances.insert", attempt("QUOTA_EXCEEDED", "Quota 'CPUS' exceeded. Limit: 24.0 in region us-central1.")),
		says:   []string{vmsOf, "in us-central1-a", "QUOTA_EXCEEDED", "Quota 'CPUS' exceeded. Limit: 24.0 in region us-central1."},
		has:    map[string]string{"job": "fetch-instances", "severity": "WARNING", "base_name": "linux-small", "zone": "us-central1-a", "code": "QUOTA_EXCEEDED"},
		next:   "Compute Engine tries again by itself",
		page:   "quota-or-stockout",
		values: nil,
	},
	{
		name: "stockout",
		after: inject("instances.insert", attempt("ZONE_RESOURCE_POOL_EXHAUSTED",
			"The zone 'projects/example-builders/zones/us-central1-a' does not have enough resources available to fulfill the request.")),
		says:   []string{vmsOf, "in us-central1-a", "ZONE_RESOURCE_POOL_EXHAUSTED", "does not have enough resources available"},
		has:    map[string]string{"severity": "WARNING", "zone": "us-central1-a", "code": "ZONE_RESOURCE_POOL_EXHAUSTED"},
		next:   "Compute Engine tries again by itself",
		page:   "pool-below-minimum",
		values: map[string]string{"BASE_NAME": "linux-small"},
	},
	{
		name: "too many requests",
		after: inject("instanceGroupManagers.resize", map[string]any{"status": 403, "reason": "rateLimitExceeded",
			"message": "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'"}),
		says: []string{"resize group linux-small-", "in us-central1-a", "in project example-builders", "Quota exceeded for quota metric 'Queries'"},
		has:  map[string]string{"job": "resize-instance-groups", "severity": "WARNING", "error_class": "quota", "zone": "us-central1-a", "code": "rateLimitExceeded"},
		next: tick,
		page: "quota-or-stockout",
	},
	{
		name: "image not found",
		after: inject("instanceTemplates.insert", map[string]any{"status": 400, "reason": "invalid",
			"message": "Invalid value for field 'resource.properties.disks[0].initializeParams.sourceImage': 'projects/example-builders/global/images/debian-12'. The referenced image resource cannot be found."}),
		says:   []string{"create instance template linux-small-", "in project example-builders", "projects/example-builders/global/images/debian-12", "cannot be found"},
		has:    map[string]string{"severity": "ERROR", "base_name": "linux-small", "code": "invalid"},
		next:   byPerson,
		page:   "job-without-success",
		values: map[string]string{"JOB": "create-instance-templates"},
	},
	{
		name: "name too long",
		after: func(l *local, folder string) {
			configure(l.t, folder, zone{"linux-with-a-name-that-is-far-too-long-for-it", "northamerica-northeast1-a", 1})
		},
		says: []string{"templates.cfg:1:", "linux-with-a-name-that-is-far-too-long-for-it", "northamerica-northeast1-a", "characters"},
		has:  map[string]string{"job": "import-config", "severity": "ERROR"},
		next: "until it is corrected",
		page: "configuration-invalid",
	},
	{
		name: "Machine Provider unreachable",
		before: func(t *testing.T, folder string) {
			addSetting(t, folder, `mp_server: "http://localhost:1"`)
		},
		says:   []string{"catalog the instances of linux-small/", "/us-central1-a", "add 2 machines to the catalog", "http://localhost:1", "connection refused"},
		has:    map[string]string{"job": "catalog-instances", "severity": "WARNING", "error_class": "transient", "zone": "us-central1-a"},
		next:   tick,
		page:   "job-without-success",
		values: map[string]string{"JOB": "catalog-instances"},
	},
	{
		name: "no role at the Machine Provider",
		before: func(t *testing.T, folder string) {
			write(t, folder, "settings.cfg", `lessees: "lessee@example.com"`)
		},
		says:   []string{"catalog the instances of linux-small/", "/us-central1-a", "add 2 machines to the catalog", "answered 403", "backend@example.com may not call catalog/v1/add_machines"},
		has:    map[string]string{"job": "catalog-instances", "severity": "ERROR", "error_class": "permanent", "zone": "us-central1-a"},
		next:   byPerson,
		page:   "job-without-success",
		values: map[string]string{"JOB": "catalog-instances"},
	},
	{
		name: "configuration file missing",
		after: func(l *local, folder string) {
			if err := os.Remove(filepath.Join(folder, "templates.cfg")); err != nil {
				l.t.Fatal(err)
			}
		},
		says: []string{"templates.cfg: the file does not exist"},
		has:  map[string]string{"job": "import-config", "severity": "ERROR", "event": "CONFIG_PROBLEM"},
		next: "until it is corrected",
		page: "configuration-invalid",
	},
	{
		name: "configuration source missing",
		after: func(l *local, folder string) {
			if err := os.RemoveAll(folder); err != nil {
				l.t.Fatal(err)
			}
		},
		says:   []string{"import the configuration", "file:///", "no such file or directory"},
		has:    map[string]string{"job": "import-config", "severity": "ERROR", "error_class": "permanent"},
		next:   byPerson,
		page:   "job-without-success",
		values: map[string]string{"JOB": "import-config"},
	},
	{
		name:   "Compute Engine down",
		after:  inject("instanceGroupManagers.insert", map[string]any{"status": 503, "reason": "backendError", "message": "Backend error"}),
		says:   []string{"create group linux-small-", "in example-builders/us-central1-a", "503"},
		has:    map[string]string{"job": "create-instance-group-managers", "severity": "WARNING", "error_class": "transient", "zone": "us-central1-a", "code": "backendError"},
		next:   tick,
		page:   "pool-below-minimum",
		values: map[string]string{"BASE_NAME": "linux-small"},
	},
}

func addSetting(t *testing.T, folder, setting string) {
	t.Helper()
	path := filepath.Join(folder, "settings.cfg")
	text, err := os.ReadFile(path) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, "settings.cfg", string(text)+"\n"+setting+"\n")
}

// Each common failure says what was attempted on which entity, what came back,
// whether it is tried again and when; and its alert's page leads there.
func TestErrorsHelp(t *testing.T) {
	t.Parallel()
	pages := map[string]*page{}
	for _, p := range readPages(t) {
		pages[p.name] = p
	}
	for _, c := range troubles {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			c.configure(t, folder)
			l := start(t, "--config", folder)
			l.converged()
			c.configure(t, folder, zone{"linux-small", "us-central1-a", 2})
			if c.after != nil {
				c.after(l, folder)
			}
			var found map[string]any
			l.eventually("the log says so", func() error {
				var err error
				found, err = l.line(c)
				return err
			})
			if next, _ := found["next"].(string); !strings.Contains(next, c.next) {
				t.Errorf("next is %q, not %q", next, c.next)
			}
			p := pages["docs/operations/"+c.page+".md"]
			if p == nil {
				t.Fatalf("there is no page %s", c.page)
			}
			if err := leads(p, c.values, found); err != nil {
				t.Error(err)
			}
		})
	}
}

func decoded(text string) (line map[string]any, err error) {
	err = json.Unmarshal([]byte(text), &line)
	return line, err
}

func (c trouble) configure(t *testing.T, folder string, zones ...zone) {
	t.Helper()
	configure(t, folder, zones...)
	if c.before != nil {
		c.before(t, folder)
	}
}

// line finds the line that says what a failure must say.
func (l *local) line(c trouble) (map[string]any, error) {
	var close []string
	for _, text := range l.logged(`"job":`) {
		line, err := decoded(text)
		if err != nil {
			return nil, err
		}
		message, _ := line["message"].(string)
		missing := ""
		for _, part := range c.says {
			if !strings.Contains(message, part) {
				missing = "no " + part
			}
		}
		for name, want := range c.has {
			if missing == "" && line[name] != want {
				missing = fmt.Sprintf("%s is %v, not %s", name, line[name], want)
			}
		}
		if missing == "" {
			return line, nil
		}
		if line["severity"] != "INFO" {
			close = append(close, missing+": "+text)
		}
	}
	if len(close) > 4 {
		close = close[len(close)-4:]
	}
	return nil, errors.New("no such line; the last ones were\n" + strings.Join(close, "\n"))
}

// leads reports whether one of a page's queries finds a line.
func leads(p *page, values map[string]string, line map[string]any) error {
	queries := p.queries(values)
	for _, text := range queries {
		q, err := parseQuery(text)
		if err != nil {
			return fmt.Errorf("%s: %w in\n%s", p.name, err, text)
		}
		if q(line) {
			return nil
		}
	}
	return fmt.Errorf("no query of %s finds the line:\n%s", p.name, strings.Join(queries, "\n\n"))
}
