package terraform

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every alert carries its page and links to it, and every page is an alert's.
func TestAlertsHavePages(t *testing.T) {
	var alerts []string
	for _, policy := range planned(t).of("google_monitoring_alert_policy") {
		name := policy.Index.(string)
		alerts = append(alerts, name+".md")
		page, err := os.ReadFile("../docs/operations/" + name + ".md")
		if err != nil {
			t.Error(err)
			continue
		}
		if len(page) > 8192 {
			t.Errorf("the page of %s has %d bytes, an alert can carry 8192", name, len(page))
		}
		for _, part := range []string{"## What it means", "## Look", "```", "## What to do"} {
			if !strings.Contains(string(page), part) {
				t.Errorf("the page of %s has no %q", name, part)
			}
		}
		if got := policy.text("documentation.content"); got != string(page) {
			t.Errorf("%s does not carry its page", name)
		}
		if got := policy.text("documentation.links.url"); !strings.HasSuffix(got, "/docs/operations/"+name+".md") {
			t.Errorf("%s links to %s", name, got)
		}
	}
	files, err := os.ReadDir("../docs/operations")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := file.Name(); name != "README.md" && !slices.Contains(alerts, name) {
			t.Errorf("no alert points to %s", name)
		}
	}
}

var userMetric = regexp.MustCompile(`logging_googleapis_com:user_(gce_backend_\w+?)(?:_sum|_count|_bucket)?\{`)

// Every log-based metric that the dashboard and the alerts ask for is there.
func TestQueriesNameMetricsThatExist(t *testing.T) {
	p := planned(t)
	exists, used := map[string]bool{}, map[string]bool{}
	for _, metric := range p.of("google_logging_metric") {
		exists[strings.ReplaceAll(metric.text("name"), "/", "_")] = true
	}
	queries := ""
	for _, d := range p.of("google_monitoring_dashboard") {
		var content any
		if err := json.Unmarshal([]byte(d.text("dashboard_json")), &content); err != nil {
			t.Fatal(err)
		}
		queries += d.text("dashboard_json")
	}
	for _, policy := range p.of("google_monitoring_alert_policy") {
		queries += policy.text("conditions.condition_prometheus_query_language.query")
	}
	for _, found := range userMetric.FindAllStringSubmatch(queries, -1) {
		used[found[1]] = true
		if !exists[found[1]] {
			t.Errorf("there is no metric %s", found[1])
		}
	}
	if len(used) < 10 {
		t.Errorf("only %d metrics are used", len(used))
	}
}

// Before the first runs there is no data, which the alert takes for no success:
// it must last for longer than functions that were just made take for them.
func TestNewFunctionsHaveTimeToSucceed(t *testing.T) {
	for _, policy := range planned(t).of("google_monitoring_alert_policy") {
		if policy.Index != "job-without-success" {
			continue
		}
		text := policy.text("conditions.condition_prometheus_query_language.duration")
		if duration, err := time.ParseDuration(text); err != nil || duration < 5*time.Minute {
			t.Errorf("a job pages when it has not succeeded for %q", text)
		}
	}
}

var codesOf = regexp.MustCompile(`code=~"([^"]+)"`)

// The alert on quotas and stockouts knows every code by which Compute Engine
// says that there is no more; those in the reference of instances.insert and of
// managed instance groups' errors, and the two by which it limits requests.
func TestCodesOfQuotasAndStockouts(t *testing.T) {
	var alert resource
	for _, policy := range planned(t).of("google_monitoring_alert_policy") {
		if policy.Index == "quota-or-stockout" {
			alert = policy
		}
	}
	found := codesOf.FindStringSubmatch(alert.text("conditions.condition_prometheus_query_language.query"))
	if found == nil {
		t.Fatal("the alert compares no codes")
	}
	codes := regexp.MustCompile("^(" + found[1] + ")$")
	for code, want := range map[string]bool{
		"QUOTA_EXCEEDED": true, "quotaExceeded": true, "CPUS_QUOTA_EXCEEDED": true,
		"ZONE_RESOURCE_POOL_EXHAUSTED": true, "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS": true, "STOCKOUT": true,
		"IP_SPACE_EXHAUSTED": true, "IP_SPACE_EXHAUSTED_WITH_DETAILS": true,
		"INSUFFICIENT_CAPACITY": true, "VM_MIN_COUNT_NOT_REACHED": true,
		"rateLimitExceeded": true, "RATE_LIMIT_EXCEEDED": true, "RESOURCE_OPERATION_RATE_EXCEEDED": true,
		"RESOURCE_NOT_FOUND": false, "invalid": false, "forbidden": false, "PERMISSIONS_ERROR": false,
	} {
		if codes.MatchString(code) != want {
			t.Errorf("%s is taken for the end of a quota or of a stock: %v", code, !want)
		}
	}
}

var (
	eventName = regexp.MustCompile(`"([A-Z_]+)"`)
	fieldName = regexp.MustCompile(`^EXTRACT\(jsonPayload\.(\w+)\)$`)
)

// What the metrics read stands in lines that the code logs: each event and each
// field is a literal somewhere in it.
func TestMetricsReadWhatIsLogged(t *testing.T) {
	code := source(t)
	for _, metric := range planned(t).of("google_logging_metric") {
		var names []string
		_, events, _ := strings.Cut(metric.text("filter"), "jsonPayload.event=")
		for _, event := range eventName.FindAllStringSubmatch(events, -1) {
			names = append(names, event[1])
		}
		extractors := []string{metric.text("value_extractor")}
		labels, _ := metric.Change.After["label_extractors"].(map[string]any)
		for _, extractor := range labels {
			extractors = append(extractors, extractor.(string))
		}
		for _, extractor := range extractors {
			if field := fieldName.FindStringSubmatch(extractor); field != nil {
				names = append(names, field[1])
			}
		}
		if len(names) == 0 {
			t.Errorf("%s reads nothing", metric.text("name"))
		}
		for _, name := range names {
			if !strings.Contains(code, strconv.Quote(name)) {
				t.Errorf("%s reads %s, which nothing logs", metric.text("name"), name)
			}
		}
	}
}

// source is all Go code that is deployed.
func source(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range []string{"../functions", "../shared"} {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			all.Write(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
