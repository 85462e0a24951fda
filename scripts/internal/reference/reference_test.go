package reference

import (
	"os"
	"strings"
	"testing"

	"github.com/gce-backend/gce-backend/shared/config"
)

func theProto(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../proto/config/config.proto")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each field is explained, with an example if it holds a value.
func TestEachFieldIsExplained(t *testing.T) {
	_, messages, err := Parse(theProto(t))
	if err != nil {
		t.Fatal(err)
	}
	fields := 0
	for _, message := range messages {
		for _, field := range message.Fields {
			fields++
			value := field.Type == "string" || field.Type == "bool" || field.Type == "int32"
			if len(field.Text) == 0 || value && len(field.Examples) == 0 {
				t.Errorf("%s.%s has no text or no example", message.Name, field.Name)
			}
		}
	}
	if all := strings.Count(theProto(t), "\n  optional ") + strings.Count(theProto(t), "\n  repeated "); fields != all {
		t.Errorf("%d of %d fields were found", fields, all)
	}
}

// The examples of the files are valid, together.
func TestExamplesAreValid(t *testing.T) {
	contents := map[string][]byte{}
	for _, f := range files {
		contents[f.name] = []byte(f.example)
	}
	_, problems := config.Parse(config.Files{
		Templates: contents[config.TemplatesFile], Managers: contents[config.ManagersFile], Settings: contents[config.SettingsFile],
	})
	for _, problem := range problems {
		t.Error(problem)
	}
}

// Each field's example is valid for the field.
func TestFieldExamplesAreValid(t *testing.T) {
	_, messages, err := Parse(theProto(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		for _, field := range message.Fields {
			for _, example := range field.Examples {
				if !strings.HasPrefix(example, field.Name+": ") {
					t.Errorf("%s.%s has the example %s", message.Name, field.Name, example)
				}
			}
		}
	}
}

func TestUnknownForms(t *testing.T) {
	if _, _, err := Parse("message A {\n  map<string, string> m = 1;\n}\n"); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Error(err)
	}
}

func TestPageIsUpToDate(t *testing.T) {
	want, err := Page(theProto(t))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/configuration.md is not what the proto says: run scripts/generate")
	}
}
