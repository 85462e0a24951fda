// Package api checks requests against the description of the Compute Engine API
// v1. The description is the table v1.txt, which scripts/generate writes; its first
// line names its source and revision.
//
// The table has one line per method: its name, HTTP verb, path, body schema and
// query parameters. A schema is followed by its fields, each with its type
// (prefixed with "list:" or "map:"), the values of an enumeration, "-" if it is
// output only, and "!METHOD" for each method that requires it.
package api

import (
	_ "embed"
	"net/url"
	"strings"
)

//go:embed v1.txt
var v1 string

var methods, schemas = parse(v1)

// Method is a method of the API.
type Method struct {
	Name string // without "compute."
	Verb string
	Path string // "projects/{project}/…"

	body       string // the name of the schema; empty for none
	parameters map[string]bool
}

// Find returns the method with a name such as "disks.insert"; nil if there is
// no such method.
func Find(name string) *Method { return methods[name] }

// Names returns the names of all methods.
func Names() []string {
	var names []string
	for name := range methods {
		names = append(names, name)
	}
	return names
}

// schema describes the fields of an object.
type schema struct {
	fields   map[string]field
	required []string // fields that some method requires
}

type field struct {
	list, mapped bool
	outputOnly   bool
	kind         string   // a scalar type, "enum", or the name of a schema
	values       []string // the values of an enumeration
	requiredBy   []string // methods
}

func parse(table string) (map[string]*Method, map[string]*schema) {
	methods, schemas := map[string]*Method{}, map[string]*schema{}
	var current *schema
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "method":
			m := &Method{Name: words[1], Verb: words[2], Path: words[3], parameters: map[string]bool{}}
			for _, word := range words[4:] {
				if body, ok := strings.CutPrefix(word, "body="); ok {
					m.body = body
					continue
				}
				m.parameters[word] = true
			}
			methods[m.Name] = m
		case words[0] == "schema":
			current = &schema{fields: map[string]field{}}
			schemas[words[1]] = current
		default:
			f := parseField(words[1:])
			if len(f.requiredBy) > 0 {
				current.required = append(current.required, words[0])
			}
			current.fields[words[0]] = f
		}
	}
	return methods, schemas
}

func parseField(words []string) field {
	var f field
	f.kind, f.list = strings.CutPrefix(words[0], "list:")
	f.kind, f.mapped = strings.CutPrefix(f.kind, "map:")
	for _, word := range words[1:] {
		if method, ok := strings.CutPrefix(word, "!"); ok {
			f.requiredBy = append(f.requiredBy, method)
			continue
		}
		if word == "-" {
			f.outputOnly = true
			continue
		}
		f.values = append(f.values, word)
	}
	return f
}

// standard holds the query parameters that all methods take: those listed as
// "parameters" in the API description. Parameters that begin with "$" are
// allowed as well.
var standard = map[string]bool{"alt": true, "callback": true, "fields": true, "key": true, "oauth_token": true,
	"access_token": true, "prettyPrint": true, "quotaUser": true, "uploadType": true, "upload_protocol": true, "userIp": true}

// CheckQuery refuses parameters that the method does not have.
func (m *Method) CheckQuery(query url.Values) error {
	for name := range query {
		if !standard[name] && !m.parameters[name] && !strings.HasPrefix(name, "$") {
			return badRequest("Invalid JSON payload received. Unknown name %q: Cannot bind query parameter. "+
				"Field '%s' could not be found in request message.", name, name)
		}
	}
	return nil
}
