package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// A log line has at most 256 KiB, and a column counts characters.
func TestProblemsAreShort(t *testing.T) {
	name := strings.Repeat("ä", 100_000)
	_, problems := Parse(Files{Templates: []byte(`templates { base_name: "` + name + `" unknown: 1 }`), Managers: []byte(`managers { template_base_name: "` + name + `" }`)})
	if len(problems) < 5 {
		t.Fatalf("only %d problems", len(problems))
	}
	for _, problem := range problems {
		if len(problem.String()) > 2000 || !utf8.ValidString(problem.String()) {
			t.Errorf("a problem of %d bytes: %.300s", len(problem.String()), problem)
		}
		if problem.Field == "unknown" && problem.Column != 100_000+len(`templates { base_name: "" `)+1 {
			t.Errorf("the unknown field is in column %d", problem.Column)
		}
	}
}

// Each hint costs a comparison with each template, so hints end if a file has
// more wrong names than anybody would read hints for.
func TestHintsAreBounded(t *testing.T) {
	var templates, managers strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&templates, "templates { base_name: \"linux-%d\" }\n", i)
		fmt.Fprintf(&managers, "managers { template_base_name: \"linu-%d\" zone: \"us-central1-a\" }\n", i)
	}
	_, problems := Parse(Files{Templates: []byte(templates.String()), Managers: []byte(managers.String())})
	hints := 0
	for _, problem := range problems {
		if problem.File == ManagersFile && strings.Contains(problem.Message, "did you mean") {
			hints++
		}
	}
	if hints == 0 || hints*2000 > maxCompared {
		t.Errorf("%d hints", hints)
	}
}

// folder reads the files of a folder.
func folder(t testing.TB, path string) Files {
	t.Helper()
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	return Files{
		Revision:  "1",
		Templates: read(TemplatesFile), Managers: read(ManagersFile), Settings: read(SettingsFile),
		Read: func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(path, name)) },
	}
}

// noFiles is a revision without further files.
func noFiles(name string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func TestExampleIsValid(t *testing.T) {
	config, problems := Parse(folder(t, "../../scripts/example"))
	for _, problem := range problems {
		t.Error(problem)
	}
	zones, total := map[string]bool{}, int32(0)
	for _, manager := range config.Managers.GetManagers() {
		zones[manager.GetZone()] = true
		total += manager.GetMinimumSize()
	}
	if len(config.Templates.GetTemplates()) != 2 || len(zones) != 3 || total < 20 {
		t.Errorf("%d templates, %d zones, %d VMs", len(config.Templates.GetTemplates()), len(zones), total)
	}
	large := config.Template("linux-large")
	if !slices.ContainsFunc(large.GetMetadata(), func(entry string) bool { return strings.HasPrefix(entry, "startup-script:#!/bin/sh\n") }) {
		t.Error("the startup script is not in the metadata")
	}
	if len(large.GetMetadataFromFile()) != 0 {
		t.Error("metadata_from_file is left over")
	}
	if maximum := config.Managers.GetManagers()[3].GetMaximumSize(); maximum != 1000 {
		t.Errorf("a maximum left out is %d, want 1000", maximum)
	}
	if config.Template("unknown") != nil {
		t.Error("an unknown template is found")
	}
}

// Files written for the LUCI GCE Backend use the text format in every way.
func TestParsesExistingFilesUnchanged(t *testing.T) {
	config, problems := Parse(Files{
		Revision: "1",
		Templates: []byte(`
templates: <
  base_name: 'a' "bc"; project: "google.com:old-project",
  dimensions: ["os_family:LINUX", 'linux_flavor:UBUNTU']
  machine_type: "n1-standard-8"  # a comment
  disk_size_gb: 0x64
  auto_assign_external_ip: True
  image_name: "image"
  service_accounts { name: "x@example.com" scopes: [] }
  snapshot_labels: "a:b"
  snapshot_labels: "c:"
  metadata: "key:value:with:colons \"and\" \x41"
>
`),
		Managers: []byte(`managers [{template_base_name: "abc" zone: "us-central1-a" minimum_size: 1}, <template_base_name: "abc" zone: "us-central1-ai1a" maximum_size: 0>]`),
		Settings: []byte("enable_ts_monitoring: true\nmp_server: \"https://mp.example.com\"\n"),
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	template := config.Template("abc")
	if template.GetDiskSizeGb() != 100 || len(template.GetDimensions()) != 2 || template.GetMetadata()[0] != "key:value:with:colons \"and\" A" {
		t.Errorf("read as %v", template)
	}
	second := config.Managers.GetManagers()[1]
	if second.MaximumSize == nil || second.GetMaximumSize() != 0 {
		t.Error("an explicit maximum of 0 is not kept")
	}
}

func TestEmptyFilesAreAnEmptyConfiguration(t *testing.T) {
	config, problems := Parse(Files{Templates: []byte{}, Managers: []byte("# nothing\n")})
	if len(problems) > 0 || len(config.Templates.GetTemplates()) > 0 {
		t.Errorf("%v, %v", config, problems)
	}
	if config.Settings.GetReclaimBrakePercent() != 20 || config.Settings.GetLeaseRequestTimeoutSeconds() != 14400 {
		t.Error("the settings have no defaults")
	}
}

func TestMissingFilesAreRefused(t *testing.T) {
	_, problems := Parse(Files{})
	want := []string{
		"templates.cfg: the file does not exist; where nothing shall be configured it must be there and empty",
		"managers.cfg: the file does not exist; where nothing shall be configured it must be there and empty",
	}
	compare(t, problems, want)
}

func compare(t *testing.T, problems Problems, want []string) {
	t.Helper()
	var got []string
	for _, problem := range problems {
		text := problem.String()
		if problem.Severity == Warning {
			text = "(warning) " + text
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMetadataFiles(t *testing.T) {
	got := MetadataFiles([]byte(`templates { metadata_from_file: ["a:z.sh", "b:./dir/../y.sh", "c:../out", "d:", "e", "f:/etc/passwd", "g:z.sh"] bad_field: 1 }`))
	if want := []string{"y.sh", "z.sh"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := MetadataFiles(nil); got != nil {
		t.Errorf("of no file: %q", got)
	}
}
