// Package apitable writes the part of a Google API's description that the
// simulator checks requests against, as a compact table. Its reader,
// shared/lab/simulator/api, describes the format.
package apitable

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

type document struct {
	Revision  string              `json:"revision"`
	Resources map[string]resource `json:"resources"`
	Schemas   map[string]schema   `json:"schemas"`
}

type resource struct {
	Methods map[string]method `json:"methods"`
}

type method struct {
	Verb       string               `json:"httpMethod"`
	Path       string               `json:"path"`
	Request    schema               `json:"request"`
	Parameters map[string]parameter `json:"parameters"`
}

type parameter struct {
	Location string `json:"location"`
}

type schema struct {
	Ref         string            `json:"$ref"`
	Description string            `json:"description"`
	Type        string            `json:"type"`
	Format      string            `json:"format"`
	Enum        []string          `json:"enum"`
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
	Values      *schema           `json:"additionalProperties"`
	Annotations struct {
		Required []string `json:"required"`
	} `json:"annotations"`
}

// Table returns the table of the named methods, such as "disks.insert", and of
// their requests' schemas. source says where the description is from.
func Table(description []byte, source string, methods []string) (string, error) {
	var d document
	if err := json.Unmarshal(description, &d); err != nil {
		return "", fmt.Errorf("read the API's description: %w", err)
	}
	d.nameInner()
	var table strings.Builder
	fmt.Fprintf(&table, "# Compute Engine API v1, revision %s, from %s.\n", d.Revision, source)
	table.WriteString("# Written by scripts/generate from methods.txt; do not edit.\n")
	served := map[string]bool{}
	for _, name := range methods {
		collection, verb, _ := strings.Cut(name, ".")
		m, ok := d.Resources[collection].Methods[verb]
		if !ok {
			return "", fmt.Errorf("the API has no method %s", name)
		}
		served["compute."+name] = true
		line := []string{"method", name, m.Verb, m.Path}
		if m.Request.Ref != "" {
			line = append(line, "body="+m.Request.Ref)
		}
		for _, p := range slices.Sorted(maps.Keys(m.Parameters)) {
			if m.Parameters[p].Location == "query" {
				line = append(line, p)
			}
		}
		table.WriteString(strings.Join(line, " ") + "\n")
	}
	reached := map[string]bool{}
	for _, name := range methods {
		collection, verb, _ := strings.Cut(name, ".")
		d.reach(d.Resources[collection].Methods[verb].Request, reached)
	}
	for _, name := range slices.Sorted(maps.Keys(reached)) {
		fmt.Fprintf(&table, "schema %s\n", name)
		properties := d.Schemas[name].Properties
		for _, field := range slices.Sorted(maps.Keys(properties)) {
			table.WriteString(" " + field + " " + properties[field].text(served) + "\n")
		}
	}
	return table.String(), nil
}

// nameInner turns the objects that are described inside a field into schemas of
// their own, named after the schema and the field.
func (d document) nameInner() {
	for _, name := range slices.Sorted(maps.Keys(d.Schemas)) {
		d.nameInnerOf(name, d.Schemas[name].Properties)
	}
}

func (d document) nameInnerOf(parent string, properties map[string]schema) {
	for field, s := range properties {
		at := &s
		if s.Items != nil {
			at = s.Items
		}
		if len(at.Properties) == 0 {
			continue
		}
		name := parent + "." + field
		d.Schemas[name] = schema{Properties: at.Properties}
		d.nameInnerOf(name, at.Properties)
		*at = schema{Ref: name}
		properties[field] = s
	}
}

// reach adds the schemas that s refers to, directly or indirectly.
func (d document) reach(s schema, reached map[string]bool) {
	if s.Ref != "" && !reached[s.Ref] {
		reached[s.Ref] = true
		d.reach(d.Schemas[s.Ref], reached)
	}
	for _, p := range s.Properties {
		d.reach(p, reached)
	}
	for _, inner := range []*schema{s.Items, s.Values} {
		if inner != nil {
			d.reach(*inner, reached)
		}
	}
}

// outputOnly matches the beginning of descriptions of fields that the service
// sets.
var outputOnly = regexp.MustCompile(`(?i)^\W*output only\b`)

// text returns a field's type, the values of an enumeration, "-" if the field is
// output only, and the served methods that require it.
func (s schema) text(served map[string]bool) string {
	kind, values := s.typeOf()
	words := append([]string{kind}, values...)
	if outputOnly.MatchString(s.Description) {
		words = append(words, "-")
	}
	for _, name := range s.Annotations.Required {
		if served[name] {
			words = append(words, "!"+strings.TrimPrefix(name, "compute."))
		}
	}
	return strings.Join(words, " ")
}

func (s schema) typeOf() (kind string, values []string) {
	switch {
	case s.Ref != "":
		return s.Ref, nil
	case s.Type == "array":
		kind, values = s.Items.typeOf()
		return "list:" + kind, values
	case s.Values != nil:
		kind, values = s.Values.typeOf()
		return "map:" + kind, values
	case len(s.Enum) > 0:
		return "enum", s.Enum
	case s.Format == "int64" || s.Format == "uint64" || s.Format == "int32" || s.Format == "uint32":
		return s.Format, nil
	}
	return s.Type, nil
}
