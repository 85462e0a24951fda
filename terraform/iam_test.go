package terraform

import (
	"slices"
	"strings"
	"testing"
)

// grants are all resources that give someone a role.
func (p plan) grants() plan {
	var found plan
	for _, r := range p {
		if strings.HasSuffix(r.Type, "_iam_member") || strings.HasSuffix(r.Type, "_iam_binding") || strings.HasSuffix(r.Type, "_iam_policy") {
			found = append(found, r)
		}
	}
	return found
}

func TestGrantsAreNarrow(t *testing.T) {
	// The roles that are given on a whole project, because there is nothing
	// narrower to give them on; those with a condition name what they are for.
	onProject := map[string]bool{ // whether it needs a condition
		"roles/datastore.user":           true,
		"roles/datastore.viewer":         true,
		"roles/storage.objectViewer":     true,
		"roles/logging.logWriter":        false,
		"roles/compute.instanceAdmin.v1": false, // the Google APIs service agent
	}
	for _, g := range planned(t).grants() {
		if !strings.HasSuffix(g.Type, "_iam_member") {
			t.Errorf("%s replaces the grants of others", g.Address)
		}
		if member := g.text("member"); strings.HasPrefix(member, "all") {
			t.Errorf("%s is for %s", g.Address, member)
		}
		role := g.text("role")
		if slices.Contains([]string{"roles/owner", "roles/editor", "roles/viewer"}, role) {
			t.Errorf("%s gives the basic role %s", g.Address, role)
		}
		if g.Type != "google_project_iam_member" || strings.HasPrefix(role, "projects/my-fleet/roles/gce_backend_") {
			continue
		}
		conditional, known := onProject[role]
		if !known {
			t.Errorf("%s gives %s on the whole project", g.Address, role)
		}
		if conditional && g.text("condition.expression") == "" {
			t.Errorf("%s gives %s without a condition", g.Address, role)
		}
	}
}

// A function may publish what it announces, and nothing else may.
func TestPublishers(t *testing.T) {
	p, m := planned(t), functions(t)
	got := map[string][]string{}
	others := []string{"config-uploaded", "dead-letter", "vm-activity"}
	for _, g := range p.of("google_pubsub_topic_iam_member") {
		if name := g.function(); name != "" {
			got[name] = append(got[name], g.text("topic"))
			if want := account(p, name); g.text("member") != want {
				t.Errorf("%s is for %s, not %s", g.Address, g.text("member"), want)
			}
		} else if i := slices.Index(others, g.text("topic")); i >= 0 {
			others = slices.Delete(others, i, i+1)
		} else {
			t.Errorf("%s is for a topic that only functions publish to", g.Address)
		}
	}
	if len(others) > 0 {
		t.Errorf("nobody may publish to %q", others)
	}
	for name, f := range m.Functions {
		slices.Sort(got[name])
		if want := slices.Sorted(slices.Values(f.Announces)); !slices.Equal(got[name], want) {
			t.Errorf("%s may publish to %q, it announces %q", name, got[name], want)
		}
	}
}

// account is the IAM member that a function runs as.
func account(p plan, name string) string {
	for _, a := range p.within(name).of("google_service_account") {
		if a.Name == "this" {
			return a.text("member")
		}
	}
	return ""
}

// Each function has exactly the permissions of its entry, and only those that
// create VMs may attach accounts.
func TestComputeRoles(t *testing.T) {
	p, m := planned(t), functions(t)
	roles := map[string][]string{}
	for _, r := range p.of("google_project_iam_custom_role") {
		for _, permission := range at(r.Change.After, "permissions").([]any) {
			roles[r.Index.(string)] = append(roles[r.Index.(string)], permission.(string))
		}
	}
	for name, f := range m.Functions {
		slices.Sort(roles[name])
		if want := slices.Sorted(slices.Values(f.Compute)); !slices.Equal(roles[name], want) {
			t.Errorf("%s may %q, not %q", name, roles[name], want)
		}
		if f.ActAs && !slices.Contains(f.Compute, "compute.instanceTemplates.create") && !slices.Contains(f.Compute, "compute.instanceGroupManagers.create") && !slices.Contains(f.Compute, "compute.instances.create") {
			t.Errorf("%s attaches accounts, but creates no VMs", name)
		}
		for _, permission := range f.Compute {
			if !strings.HasPrefix(permission, "compute.") || strings.Contains(permission, "*") {
				t.Errorf("%s: %s is not a permission of Compute Engine", name, permission)
			}
		}
	}
	for _, g := range p.of("google_service_account_iam_member") {
		if g.text("role") == "roles/iam.serviceAccountUser" && g.Module != `module.vm_project["my-fleet"]` {
			t.Errorf("%s lets someone attach an account", g.Address)
		}
	}
}

func TestInvokers(t *testing.T) {
	p, m := planned(t), functions(t)
	callers := map[string]bool{}
	for _, g := range p.of("google_cloud_run_v2_service_iam_member") {
		if name := g.function(); name != "" {
			if g.text("name") != name || !strings.HasPrefix(g.text("member"), "serviceAccount:push-") {
				t.Errorf("%s lets %s call %s", g.Address, g.text("member"), g.text("name"))
			}
			continue
		}
		if g.text("name") != "machine-provider" {
			t.Errorf("%s lets someone call %s", g.Address, g.text("name"))
		}
		callers[g.text("member")] = true
	}
	for name, f := range m.Functions {
		if callers[account(p, name)] != f.MachineProvider {
			t.Errorf("%s may call the Machine Provider: %v", name, callers[account(p, name)])
		}
	}
}
