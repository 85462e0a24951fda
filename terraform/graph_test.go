package terraform

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// graph is what Terraform does only after what: per resource those that it
// waits for, itself or through others.
type graph map[string][]string

var edge = regexp.MustCompile(`(?m)^\s*"([^"]+)" -> "([^"]+)";$`)

// parseGraph reads the output of `terraform graph`.
func parseGraph(dot string) graph {
	read := graph{}
	for _, found := range edge.FindAllStringSubmatch(dot, -1) {
		read[found[1]] = append(read[found[1]], found[2])
	}
	return read
}

// waits reports whether a resource is made only once another one is there.
func (g graph) waits(later, earlier string) bool {
	seen := map[string]bool{}
	var reaches func(string) bool
	reaches = func(from string) bool {
		if seen[from] {
			return false
		}
		seen[from] = true
		for _, next := range g[from] {
			if next == earlier || reaches(next) {
				return true
			}
		}
		return false
	}
	return reaches(later)
}

func TestOrder(t *testing.T) {
	const (
		function = "module.function.google_cloudfunctions2_function.this"
		account  = "module.function.google_service_account.this"
		tick     = "google_cloud_scheduler_job.tick"
		grants   = "terraform_data.grants"
		agent    = "terraform_data.pubsub_agent"
		alert    = "google_monitoring_alert_policy.this"
	)
	g := check(t).graph
	for _, c := range []struct{ later, earlier, why string }{
		{function, "google_firestore_index.this", "its queries are refused without"},
		{function, "google_firestore_field.group", "its queries are refused without"},
		{function, "terraform_data.build_grants", "its build is refused without"},
		{"google_firestore_field.ttl", function, "the functions before may query by the field"},
		{"google_firestore_field.unindexed", function, "the functions before may query by the field"},

		{tick, "module.function.google_pubsub_subscription.this", "nobody listens before"},
		{tick, grants, "grants must be seen everywhere"},
		{grants, "module.function.google_cloud_run_v2_service_iam_member.push", "pushes are refused without"},
		{grants, "module.function.google_service_account_iam_member.push", "pushes have no token without"},
		{grants, "module.function.google_pubsub_subscription_iam_member.dead_letter", "facts are never put aside without"},
		{grants, "google_pubsub_topic_iam_member.dead_letter", "facts are never put aside without"},
		{grants, "google_storage_bucket_iam_member.config_reader", "the configuration cannot be read without"},
		{grants, "google_cloud_run_v2_service_iam_member.machine_provider_backend", "machines cannot be added without"},
		{grants, "module.vm_project.google_project_iam_member.this", "Compute Engine refuses calls without"},
		{grants, "module.vm_project.google_project_iam_member.google_apis_agent", "groups make no VMs without"},
		{grants, "module.vm_project.google_service_account_iam_member.function", "templates are refused without"},
		{grants, "google_project_iam_member.shared", "images and subnetworks are refused without"},

		{"google_pubsub_topic_iam_member.dead_letter", agent, "nothing is granted to an account that is not there"},
		{"module.function.google_service_account_iam_member.push", agent, "nothing is granted to an account that is not there"},
		{"module.function.google_pubsub_subscription_iam_member.dead_letter", agent, "nothing is granted to an account that is not there"},
		{"google_bigquery_dataset_iam_member.history", agent, "nothing is granted to an account that is not there"},

		{alert, function, "jobs without success would page"},
		{alert, tick, "jobs without success would page"},
	} {
		if !g.waits(c.later, c.earlier) {
			t.Errorf("%s does not wait for %s: %s", c.later, c.earlier, c.why)
		}
	}
	if g.waits(account, tick) {
		t.Error("the graph says that everything waits for everything")
	}
}

// An index that goes, as in a rollback, goes after the functions were replaced,
// for which Terraform needs create_before_destroy: by default it deletes first.
// Neither plan nor graph shows it.
func TestIndexesOutliveTheirFunctions(t *testing.T) {
	data, err := os.ReadFile("firestore.tf")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{`"google_firestore_index" "this"`, `"google_firestore_field" "group"`} {
		_, block, found := strings.Cut(string(data), "resource "+name+" {\n")
		block, _, _ = strings.Cut(block, "\n}\n")
		if !found || !strings.Contains(block, "create_before_destroy = true") {
			t.Errorf("%s is destroyed at the start of a rollback", name)
		}
	}
}
