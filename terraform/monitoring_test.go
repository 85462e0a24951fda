package terraform

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
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
