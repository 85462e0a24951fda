package config

import (
	"fmt"
	"strings"
	"testing"
)

// valid is a template without a problem; %s is the place for more fields.
const valid = `templates {
  base_name: "linux"
  project: "some-project"
  machine_type: "n2-standard-8"
  image_name: "image"
  service_accounts { name: "sa@example.com" }
  %s
}
`

// with returns that template with the line of a field replaced, or with more
// fields.
func with(field, line string) string {
	text := fmt.Sprintf(valid, line)
	if field == "" {
		return text
	}
	lines := strings.Split(fmt.Sprintf(valid, ""), "\n")
	for i := range lines {
		if strings.HasPrefix(strings.TrimSpace(lines[i]), field) {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n")
}

func TestTemplateProblems(t *testing.T) {
	const at = "templates.cfg:7:3: template linux: "
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"valid", with("", ""), nil},
		{"no base_name", with("base_name", ""), []string{"templates.cfg:1:1: template #1: base_name: missing"}},
		{"upper case", with("base_name", `base_name: "Linux"`), []string{`templates.cfg:2:3: template Linux: base_name: "Linux" is not a name by RFC 1035: lower-case letters, digits and hyphens, a letter first, no hyphen last; did you mean "linux"?`}},
		{"hyphen last", with("base_name", `base_name: "linux-"`), []string{`templates.cfg:2:3: template linux-: base_name: "linux-" is not a name by RFC 1035: lower-case letters, digits and hyphens, a letter first, no hyphen last; did you mean "linux"?`}},
		{"long", with("base_name", `base_name: "`+strings.Repeat("a", 51)+`"`), []string{"templates.cfg:2:3: template " + strings.Repeat("a", 51) + `: base_name: "` + strings.Repeat("a", 51) + `" has 51 characters; it may have 50, as <base_name>-<revision>, the name of templates and groups, may have 63`}},
		{"longest", with("base_name", `base_name: "`+strings.Repeat("a", 50)+`"`), nil},
		{"no project", with("project", ""), []string{"templates.cfg:1:1: template linux: project: missing"}},
		{"bad project", with("project", `project: "ab"`), []string{`templates.cfg:3:3: template linux: project: "ab" is not a project id: 6 to 30 lower-case letters, digits and hyphens, a letter first, no hyphen last`}},
		{"bad image_project", with("", `image_project: "Debian"`), []string{at + `image_project: "Debian" is not a project id: 6 to 30 lower-case letters, digits and hyphens, a letter first, no hyphen last; did you mean "debian"?`}},
		{"no machine_type", with("machine_type", ""), []string{"templates.cfg:1:1: template linux: machine_type: missing"}},
		{"unknown machine_type", with("machine_type", `machine_type: "n2-standrd-8"`), []string{`templates.cfg:4:3: template linux: machine_type: unknown machine type "n2-standrd-8": it is neither a predefined nor a custom one; did you mean "n2-standard-8"?`}},
		{"no image_name", with("image_name", ""), []string{"templates.cfg:1:1: template linux: image_name: missing"}},
		{"image with project", with("image_name", `image_name: "projects/p/global/images/i"`), []string{`(warning) templates.cfg:5:3: template linux: image_name: "projects/p/global/images/i" is neither the name of an image nor family/NAME; its project belongs into image_project; did you mean image_project: "p" and image_name: "i"?`}},
		{"no service account", with("service_accounts", ""), []string{"templates.cfg:1:1: template linux: service_accounts: missing; at least one is needed"}},
		{"service account without name", with("service_accounts", "service_accounts {}"), []string{"templates.cfg:6:3: template linux: service_accounts.name: missing"}},
		{"short scope", with("", `service_accounts { name: "b@example.com" scopes: "cloud-platform" }`), []string{`(warning) templates.cfg:7:44: template linux: service_accounts.scopes: "cloud-platform" is not a scope; did you mean "https://www.googleapis.com/auth/cloud-platform"?`}},
		{"disk_type", with("", `disk_type: "pd-sdd"`), []string{at + `disk_type: unknown disk type "pd-sdd"; did you mean "pd-ssd"?`}},
		{"strange disk_type", with("", `disk_type: "floppy"`), []string{at + `disk_type: unknown disk type "floppy"; the types are pd-standard, pd-balanced, pd-ssd, pd-extreme, hyperdisk-balanced, hyperdisk-balanced-high-availability, hyperdisk-extreme, hyperdisk-ml, hyperdisk-throughput, local-ssd`}},
		{"local disk", with("", `disk_type: "local-ssd"`), []string{"(warning) " + at + "disk_type: a disk of type local-ssd cannot boot a VM"}},
		{"disk size", with("", `disk_size_gb: -1`), []string{at + "disk_size_gb: -1 is out of range: 1 to 65536, or 0 for the size of the image"}},
		{"platform", with("", `min_cpu_platform: "Intel Icelake"`), []string{"(warning) " + at + `min_cpu_platform: unknown CPU platform "Intel Icelake"; did you mean "Intel Ice Lake"?`}},
		{"network", with("", `network_url: "default"`), []string{"(warning) " + at + `network_url: "default" is not the URL of a network or subnetwork, such as projects/PROJECT/global/networks/NAME`}},
		{"tags", with("", `tags: ["ok", "Not_ok", "ok"]`), []string{
			`templates.cfg:7:16: template linux: tags: "Not_ok" is not a tag: at most 63 lower-case letters, digits and hyphens, a letter first, no hyphen last; did you mean "not-ok"?`,
			`templates.cfg:7:26: template linux: tags: the tag "ok" is given twice`,
		}},
		{"dimensions", with("", `dimensions: ["os_familly:LINUX", "os_family:linux", "num_cpus:two", "memory_gb:7.5", "color:red", ":x", "plain", "hostname:a", "os_family:OSX"]`), []string{
			`templates.cfg:7:16: template linux: dimensions: unknown dimension "os_familly"; did you mean "os_family"?`,
			`templates.cfg:7:36: template linux: dimensions: os_family cannot be "linux"; did you mean "LINUX"?`,
			`templates.cfg:7:55: template linux: dimensions: num_cpus must be a whole number that is not negative, not "two"`,
			`templates.cfg:7:88: template linux: dimensions: unknown dimension "color"; the dimensions are os_family, num_cpus, memory_gb, disk_gb, linux_flavor, os_version, project, disk_type, snapshot, snapshot_labels`,
			`templates.cfg:7:101: template linux: dimensions: ":x" has no key before the colon; it must be key:value`,
			`templates.cfg:7:107: template linux: dimensions: "plain" has no colon; it must be key:value`,
			`templates.cfg:7:116: template linux: dimensions: the dimension hostname is each machine's own and cannot be given`,
			`templates.cfg:7:130: template linux: dimensions: the key "os_family" is given twice; the first one is in line 7`,
		}},
		{"snapshot labels as dimensions", with("", `dimensions: ["snapshot_labels:a:b", "snapshot_labels:c:d", "snapshot_labels:a:b", "snapshot_labels:e"]`), []string{
			`templates.cfg:7:62: template linux: dimensions: the entry "snapshot_labels:a:b" is given twice; the first one is in line 7`,
			`templates.cfg:7:85: template linux: dimensions: a value of snapshot_labels must be key:value, not "e"`,
		}},
		{"twice and wrong", with("", `dimensions: ["os_family:LINUX", "os_family:OXS"]`), []string{
			`templates.cfg:7:35: template linux: dimensions: the key "os_family" is given twice; the first one is in line 7`,
			`templates.cfg:7:35: template linux: dimensions: os_family cannot be "OXS"; did you mean "OSX"?`,
		}},
		{"type URL", with("", `[example.com/Labels] {}`), []string{at + `[example.com/Labels]: unknown field; the fields are base_name, project, dimensions, image_name, disk_size_gb, service_accounts, tags, metadata, machine_type, image_project, network_url, auto_assign_external_ip, min_cpu_platform, metadata_from_file, disk_type, snapshot_name, snapshot_labels`}},
		{"equals sign", with("", `dimensions: "os_family=LINUX"`), []string{at + `dimensions: "os_family=LINUX" has no colon; it must be key:value; did you mean "os_family:LINUX"?`}},
		{"snapshot_labels", with("", `snapshot_labels: "a:b" snapshot_labels: "a:c" snapshot_labels: "x" snapshot_labels: "A:b"`), []string{
			`templates.cfg:7:26: template linux: snapshot_labels: the key "a" is given twice; the first one is in line 7`,
			`templates.cfg:7:49: template linux: snapshot_labels: "x" has no colon; it must be key:value`,
			`(warning) templates.cfg:7:70: template linux: snapshot_labels: "A:b" cannot be a label: key and value have at most 63 lower-case letters, digits, hyphens and underscores, the key a letter first`,
		}},
		{"base_name twice", with("", "") + with("", ""), []string{`templates.cfg:10:3: template linux: base_name: "linux" is the name of the template in line 2 already; a base name must be unique`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := Parse(Files{Templates: []byte(test.text), Managers: []byte{}, Read: noFiles})
			compare(t, problems, test.want)
		})
	}
}

func TestMetadata(t *testing.T) {
	const secret = "hunter2"
	text := with("", `metadata: "`+secret+`"
  metadata: ":`+secret+`"
  metadata: "a b:`+secret+`"
  metadata: "twice:`+secret+`"
  metadata_from_file: "twice:ok.sh"
  metadata_from_file: "gone:gone.sh"
  metadata_from_file: "out:../ok.sh"
  metadata_from_file: "absolute:/ok.sh"
  metadata_from_file: "nothing:"
  metadata_from_file: "binary:binary"
  metadata_from_file: "large:large"
  metadata_from_file: "good:dir/../ok.sh"`)
	files := map[string]string{"ok.sh": secret, "binary": "\xff" + secret, "large": strings.Repeat("x", 256<<10+1)}
	config, problems := Parse(Files{Templates: []byte(text), Managers: []byte{}, Read: func(name string) ([]byte, error) {
		if content, ok := files[name]; ok {
			return []byte(content), nil
		}
		return noFiles(name)
	}})
	const leaves = ` leaves the configuration's folder or names no file in it; a path is relative to that folder, with slashes`
	compare(t, problems, []string{
		`templates.cfg:7:3: template linux: metadata: the entry has no colon; it must be key:value`,
		`templates.cfg:8:3: template linux: metadata: the entry has no key before the colon; it must be key:value`,
		`(warning) templates.cfg:9:3: template linux: metadata: "a b" cannot be a metadata key: at most 128 letters, digits, hyphens and underscores`,
		`templates.cfg:11:3: template linux: metadata_from_file: the key "twice" is given twice; the first one is in line 10`,
		`templates.cfg:12:3: template linux: metadata_from_file: the file "gone.sh" does not exist`,
		`templates.cfg:13:3: template linux: metadata_from_file: "../ok.sh"` + leaves,
		`templates.cfg:14:3: template linux: metadata_from_file: "/ok.sh"` + leaves,
		`templates.cfg:15:3: template linux: metadata_from_file: "nothing:" has no path after the colon; it must be key:path`,
		`templates.cfg:16:3: template linux: metadata_from_file: the file "binary" is not text in UTF-8, which metadata must be`,
		`templates.cfg:17:3: template linux: metadata_from_file: the value of "large" has 262145 bytes; it may have 262144`,
	})
	if last := config.Template("linux").GetMetadata(); last[len(last)-1] != "good:"+secret {
		t.Error("the file's content is not in the metadata")
	}
	for _, wrong := range []string{"metadata: " + secret, `metadata: ["a:b", ` + secret + `]`, `metadata: "\q` + secret + `"`, `metadata: "a:` + secret, `metadata { x: "` + secret + `" }`, `metadata "` + secret + `"`} {
		_, problems := Parse(Files{Templates: []byte(with("", wrong)), Managers: []byte{}})
		if len(problems) == 0 || strings.Contains(fmt.Sprint(problems), secret) {
			t.Errorf("%s: %v", wrong, problems)
		}
	}
}

func TestMetadataTotal(t *testing.T) {
	value := strings.Repeat("x", 200<<10)
	text := with("", `metadata: "a:`+value+`" metadata: "b:`+value+`" metadata_from_file: "c:c"`)
	_, problems := Parse(Files{Templates: []byte(text), Managers: []byte{}, Read: func(string) ([]byte, error) { return []byte(value), nil }})
	compare(t, problems, []string{"templates.cfg:7:3: template linux: metadata: the metadata, files included, has 614406 bytes; it may have 524288"})
}

func TestDerivedNames(t *testing.T) {
	template := func(length int, more string) string {
		return with("base_name", `base_name: "`+strings.Repeat("a", length)+`" `+more)
	}
	manager := func(length int, zone string) string {
		return `managers { template_base_name: "` + strings.Repeat("a", length) + `" zone: "` + zone + `" }`
	}
	tooLong := func(length int, rest string) []string {
		name := strings.Repeat("a", length)
		return []string{fmt.Sprintf("templates.cfg:2:3: template %s: base_name: %q has %d characters; in the zone %s", name, name, length, rest)}
	}
	for _, test := range []struct {
		name, templates, managers string
		want                      []string
	}{
		{"fits", template(35, ""), manager(35, "us-central1-a"), nil},
		{"one too long", template(36, ""), manager(36, "us-central1-a"), tooLong(36, "us-central1-a it may have 35, as <base_name>-<8 of the revision>-us-central1-a, the base instance name of a group, may have 58")},
		{"the longest zone counts", template(35, ""), manager(35, "us-central1-a") + manager(35, "northamerica-northeast1-a"), tooLong(35, "northamerica-northeast1-a it may have 23, as <base_name>-<8 of the revision>-northamerica-northeast1-a, the base instance name of a group, may have 58")},
		{"with a snapshot", template(31, `snapshot_name: "s"`), manager(31, "us-central1-a"), tooLong(31, "us-central1-a it may have 30, as <base_name>-<8 of the revision>-us-central1-a, the base instance name of a group whose VMs get a disk from a snapshot, may have 53")},
		{"with a snapshot it fits", template(30, `snapshot_labels: "a:b"`), manager(30, "us-central1-a"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := Parse(Files{Templates: []byte(test.templates), Managers: []byte(test.managers)})
			compare(t, problems, test.want)
		})
	}
}
