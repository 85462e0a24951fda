package reference

import (
	"fmt"
	"slices"
	"strings"
)

// file is a file of the configuration, and the message that it holds.
type file struct{ name, message, example string }

var files = []file{
	{"templates.cfg", "InstanceTemplateConfig", `templates {
  base_name: "linux-small"
  project: "example-builders"
  machine_type: "e2-standard-4"
  image_name: "family/debian-12"
  image_project: "debian-cloud"
  dimensions: "os_family:LINUX"
  service_accounts { name: "builder@example-builders.iam.gserviceaccount.com" }
}`},
	{"managers.cfg", "InstanceGroupManagerConfig", `managers {
  template_base_name: "linux-small"
  zone: "us-central1-a"
  minimum_size: 10
  maximum_size: 50
}`},
	{"settings.cfg", "SettingsCfg", `backends { name: "GCE" members: "gce-backend@example-builders.iam.gserviceaccount.com" }
lessees: "scheduler@example-ci.iam.gserviceaccount.com"
catalog_viewers: "viewer@example.com"`},
}

const introduction = `<!-- Written by scripts/generate from proto/config/config.proto. Change that one. -->

# Configuration

The configuration is three files in one folder or bucket. ` + "`./scripts/config check DIR`" + ` says
everything that is wrong with them, ` + "`./scripts/config plan DIR`" + ` what importing them would do.

`

// Page returns the page.
func Page(proto string) (string, error) {
	about, messages, err := Parse(proto)
	if err != nil {
		return "", err
	}
	var page strings.Builder
	page.WriteString(introduction)
	paragraph(&page, about)
	known := map[string]Message{}
	for _, message := range messages {
		known[message.Name] = message
	}
	var shown []string
	for _, f := range files {
		message, ok := known[f.message]
		if !ok {
			return "", fmt.Errorf("there is no message %s, which %s holds", f.message, f.name)
		}
		fmt.Fprintf(&page, "## %s\n\n", f.name)
		paragraph(&page, message.Text)
		fmt.Fprintf(&page, "```textproto\n%s\n```\n\n", f.example)
		shown = append(shown, section(&page, message, "", known)...)
	}
	for _, message := range messages {
		if !slices.Contains(shown, message.Name) {
			return "", fmt.Errorf("the message %s is in none of the files", message.Name)
		}
	}
	return strings.TrimRight(page.String(), "\n") + "\n", nil
}

// section describes a message's fields, and then the fields of the messages in
// it. It returns the names of the messages that it has described.
func section(page *strings.Builder, message Message, path string, known map[string]Message) []string {
	shown := []string{message.Name}
	var inner []Field
	for _, field := range message.Fields {
		fmt.Fprintf(page, "### `%s%s`\n\n%s\n\n", path, field.Name, kind(field, known))
		paragraph(page, field.Text)
		if len(field.Examples) > 0 {
			fmt.Fprintf(page, "```textproto\n%s\n```\n\n", strings.Join(field.Examples, "\n"))
		}
		if block, ok := known[field.Type]; ok {
			paragraph(page, block.Text)
			inner = append(inner, field)
		}
	}
	for _, field := range inner {
		shown = append(shown, section(page, known[field.Type], path+field.Name+".", known)...)
	}
	return shown
}

// kind describes what a field holds.
func kind(field Field, known map[string]Message) string {
	name := map[string]string{"string": "text", "bool": "true or false", "int32": "whole number"}[field.Type]
	if _, ok := known[field.Type]; ok {
		name = "block in braces"
	}
	if name == "" {
		name = field.Type
	}
	if field.Repeated {
		name += ", any number of times"
	}
	if field.Default != "" {
		name += ", default " + field.Default
	}
	return "*" + strings.ToUpper(name[:1]) + name[1:] + ".*"
}

func paragraph(page *strings.Builder, text []string) {
	for _, each := range text {
		page.WriteString(wrap(each) + "\n\n")
	}
}

// width is the line width of the documentation.
const width = 100

func wrap(text string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}
