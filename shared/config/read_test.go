package config

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/proto/config/configpb"
)

// All problems with the text, the fields and the values are found at once.
func TestAllProblemsAtOnce(t *testing.T) {
	_, problems := Parse(Files{
		Templates: []byte(`templates {
  base_name: "linux"
  projct: "some-project"
  machine_type: 8
  image_name: "image"
  image_name: "other"
  disk_size_gb: "50"
  disk_type: ["pd-ssd"]
  auto_assign_external_ip: "yes"
  service_accounts: "sa@example.com"
  tags: "Ä" tags: ["ok", 5, "Not ok"]
  dimensions: "os_family:LINUKS"
}
template {}
`),
		Managers: []byte("managers {\n  zone: \"us-central1-a\"\n  minimum_size: 99999999999\n  maximum_size: 1.5 }"),
		Settings: []byte("lessees: \"b\"\n)"),
	})
	compare(t, problems, []string{
		`templates.cfg:3:3: template linux: projct: unknown field; did you mean "project"?`,
		`templates.cfg:4:3: template linux: machine_type: must be a string in quotes, not 8`,
		`templates.cfg:6:3: template linux: image_name: given twice; the first one is in line 5`,
		`templates.cfg:7:3: template linux: disk_size_gb: must be a whole number from -2147483648 to 2147483647, without quotes, not "50"`,
		`templates.cfg:8:3: template linux: disk_type: must be one value, not a list`,
		`templates.cfg:9:3: template linux: auto_assign_external_ip: must be true or false, without quotes, not "yes"`,
		`templates.cfg:10:3: template linux: service_accounts: must be a message in braces, not "sa@example.com"`,
		`templates.cfg:11:3: template linux: tags: "Ä" is not a tag: at most 63 lower-case letters, digits and hyphens, a letter first, no hyphen last`,
		`templates.cfg:11:26: template linux: tags: must be a string in quotes, not 5`,
		`templates.cfg:11:29: template linux: tags: "Not ok" is not a tag: at most 63 lower-case letters, digits and hyphens, a letter first, no hyphen last; did you mean "not-ok"?`,
		`templates.cfg:12:3: template linux: dimensions: os_family cannot be "LINUKS"; did you mean "LINUX"?`,
		`templates.cfg:14:1: template: unknown field; did you mean "templates"?`,
		`managers.cfg:1:1: manager #1: template_base_name: missing`,
		`managers.cfg:3:3: manager #1: minimum_size: must be a whole number from -2147483648 to 2147483647, without quotes, not 99999999999`,
		`managers.cfg:4:3: manager #1: maximum_size: must be a whole number from -2147483648 to 2147483647, without quotes, not 1.5`,
		`settings.cfg:2:1: ')' cannot stand here`,
	})
}

func TestSyntaxErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"templates {\n  base_name: \"a\"\n", "3:1: the message that begins in line 1 is not closed: } is missing"},
		{"templates {\n  base_name \"a\"\n}", "2:13: a colon must follow base_name, not a string"},
		{"templates {\n  base_name: \"a\n}", "2:14: the string that begins here has no closing quote in its line"},
		{"templates { base_name: \"a\\", "1:24: the string that begins here has no closing quote"},
		{"templates {\n  base_name = \"a\" }", "2:13: '=' cannot stand here; a value stands behind a colon"},
		{"// comment", `1:1: a field name must stand here, not "/"; a comment begins with #`},
		{`{ "templates": [] }`, `1:1: a field name must stand here, not "{"`},
		{`templates { "base_name": "a" }`, "1:13: a field name must stand here, not a string; names are written without quotes"},
		{"templates {}}", `1:13: a field name must stand here, not "}"`},
		{"templates { tags: [\"a\" \"b\", \"c\" }", `1:33: a comma or ] must stand here, not "}"`},
		{"templates { tags: [\"a\",] }", `1:24: a value must stand here, not "]"`},
		{"templates { base_name: }", `1:24: a value must stand here, not "}"`},
		{"templates { disk_size_gb: - }", "1:27: a sign must be followed by a number"},
		{"\n  ä", "2:3: 'ä' cannot stand here"},
		{"templates { [a.b", "1:17: a name in brackets must end with ]"},
		{strings.Repeat("a {", 60), "1:154: messages nest more than 50 deep"},
		{"templates { base_name: \"\\q\" }", ""}, // the text format's own parser finds it
	} {
		_, problems := Parse(Files{Templates: []byte(test.text), Managers: []byte("managers {}")})
		if len(problems) != 3 || !strings.HasPrefix(problems[0].String(), "templates.cfg:"+test.want) || problems[0].Line == 0 {
			t.Errorf("%q: %v, want %s and two problems of managers.cfg", test.text, problems, test.want)
		}
	}
}

// The scanner and the text format's own parser must agree on the grammar:
// otherwise positions would be missing, or valid files refused.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		fmt.Sprintf(valid, ""), `a { b: 1 c: [1, 2] d: -inf } e: "x" 'y'`, `[a.b/c] { x: 1 }`, "x: - 1", "x: 1e-3f", "a <b: >", "#\n", "tags: [\"a\",]", "templates { tags: ['ä'] disk_size_gb: 010 }",
		"templates { metadata: \"a\\\"b:\\x41\" auto_assign_external_ip: t } ;", "templates: { }, templates [{}, <>]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree := parseTree(text)
		message := &configpb.InstanceTemplateConfig{}
		textErr := prototext.Unmarshal([]byte(text), message)
		if textErr == nil && tree.wrong != nil {
			t.Errorf("%q is text format, but: %v", text, tree.wrong)
		}
		config, problems := Parse(Files{Templates: []byte(text), Managers: []byte(text), Settings: []byte(text)})
		if textErr != nil && len(problems.Errors()) == 0 {
			t.Errorf("%q is no configuration, but has no problem: %v", text, textErr)
		}
		for _, problem := range problems {
			if problem.Line < 0 || problem.Line > len(tree.lines) {
				t.Errorf("%q: line %d", text, problem.Line)
			}
		}
		if _, err := proto.Marshal(config.Templates); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
