package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gce-backend/gce-backend/shared/config/spelling"
)

// read parses a file into a message. Unknown fields and values of a wrong type
// are reported and left out, so that the rest can be checked too.
func read(file string, data []byte, into proto.Message) *source {
	s := &source{file: file, offsets: map[string]int{}, labels: map[string]string{}, excused: map[string]bool{}}
	if data == nil {
		s.errorf("", "the file does not exist; where nothing shall be configured it must be there and empty")
		return s
	}
	text := string(data)
	parsed, scanErr := parseTree(text)
	textErr := prototext.Unmarshal(data, into)
	s.tree = parsed
	s.index("", parsed.fields)
	if textErr == nil {
		s.parsed = true
		return s
	}
	var syntax *syntaxError
	if errors.As(scanErr, &syntax) {
		place := parsed.position(syntax.offset)
		s.problems = append(s.problems, Problem{Severity: Error, File: file, Line: place.line, Column: place.column, Message: syntax.message})
		return s
	}
	check := &schemaCheck{source: s, tree: parsed}
	check.fields("", parsed.fields, into.ProtoReflect().Descriptor())
	if len(s.problems) > 0 {
		textErr = prototext.Unmarshal([]byte(check.mended()), into)
	}
	if textErr != nil {
		s.unexplained(textErr)
		return s
	}
	s.parsed = true
	return s
}

// placeOf finds the position in an error of the text format's parser.
var placeOf = newPattern(`\(line (\d+):(\d+)\): (.*)`)

// unexplained reports an error that only the text format's own parser found.
func (s *source) unexplained(err error) {
	problem := Problem{Severity: Error, File: s.file, Message: strings.ReplaceAll(err.Error(), "\u00a0", " ")}
	if match := placeOf.FindStringSubmatch(problem.Message); match != nil {
		problem.Line, _ = strconv.Atoi(match[1])
		problem.Column, _ = strconv.Atoi(match[2])
		problem.Message = match[3]
	}
	s.problems = append(s.problems, problem)
}

// index records the offset of each field and value, and the names of templates
// and managers.
func (s *source) index(prefix string, fields []field) {
	counts := map[string]int{}
	for _, f := range fields {
		path := prefix + f.name
		if _, ok := s.offsets[path]; !ok {
			s.offsets[path] = f.start
		}
		for _, v := range f.values {
			element := fmt.Sprintf("%s[%d]", path, counts[f.name])
			counts[f.name]++
			s.offsets[element] = f.start
			if f.list {
				s.offsets[element] = v.start
			}
			if v.kind == markToken {
				if label := label(f.name, v); prefix == "" && label != "" {
					s.labels[element] = label
				}
				s.index(element+".", v.fields)
			}
		}
	}
}

// label returns the name of a template or manager in messages.
func label(name string, element value) string {
	switch {
	case name == "templates" && element.scalar("base_name") != "":
		return "template " + element.scalar("base_name")
	case name == "managers" && element.scalar("template_base_name") != "":
		zone := element.scalar("zone")
		return strings.TrimSuffix("manager "+element.scalar("template_base_name")+"/"+zone, "/")
	}
	return ""
}

// scalar returns the content of a string field, "" where it has none.
func (v value) scalar(name string) string {
	for _, f := range v.fields {
		if f.name == name && len(f.values) == 1 && f.values[0].kind == stringToken {
			return strings.Trim(f.values[0].text, `"'`)
		}
	}
	return ""
}

// schemaCheck compares the fields of a text with the message that they should
// form.
type schemaCheck struct {
	source *source
	tree   *tree
	edits  []edit // in the order of the text
}

// edit replaces a part of the text by a valid one.
type edit struct {
	start, end int
	text       string
}

// mended returns the text with all edits applied. Line breaks stay.
func (c *schemaCheck) mended() string {
	var result strings.Builder
	next := 0
	for _, e := range c.edits {
		result.WriteString(c.tree.text[next:e.start])
		result.WriteString(e.text)
		result.WriteString(strings.Repeat("\n", strings.Count(c.tree.text[e.start:e.end], "\n")))
		next = e.end
	}
	result.WriteString(c.tree.text[next:])
	return result.String()
}

func (c *schemaCheck) fields(prefix string, fields []field, message protoreflect.MessageDescriptor) {
	first, counts := map[string]int{}, map[string]int{}
	for _, f := range fields {
		path := prefix + f.name
		descriptor := message.Fields().ByTextName(f.name)
		if descriptor == nil {
			c.unknownField(prefix, f, message)
			continue
		}
		if before, ok := first[f.name]; ok && !descriptor.IsList() {
			c.refuse(f, path, "given twice; the first one is in line %d", c.tree.position(before).line)
			c.edits = append(c.edits, edit{f.start, f.end, " "})
			continue
		}
		first[f.name] = f.start
		if f.list && !descriptor.IsList() {
			c.refuse(f, path, "must be one value, not a list")
			c.edits = append(c.edits, edit{f.start, f.end, " "})
			c.source.excused[path] = true
			continue
		}
		for _, v := range f.values {
			element := path
			if descriptor.IsList() {
				element = fmt.Sprintf("%s[%d]", path, counts[f.name])
				counts[f.name]++
			}
			c.value(element, f, v, descriptor)
		}
	}
}

// refuse reports a problem at the place of a field.
func (c *schemaCheck) refuse(f field, path, format string, args ...any) {
	at := c.tree.position(f.start)
	problem := Problem{Severity: Error, File: c.source.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)}
	problem.Where, problem.Field = c.source.split(path)
	c.source.problems = append(c.source.problems, problem)
}

func (c *schemaCheck) unknownField(prefix string, f field, message protoreflect.MessageDescriptor) {
	var names []string
	for i := range message.Fields().Len() {
		names = append(names, message.Fields().Get(i).TextName())
	}
	c.refuse(f, prefix+f.name, "unknown field%s", hint(f.name, names, "the fields are"))
	c.edits = append(c.edits, edit{f.start, f.end, " "})
	if meant := spelling.Nearest(f.name, names); meant != "" {
		c.source.excused[prefix+meant] = true // so that it is not missing as well
	}
}

// value checks one value, and replaces a wrong one by a valid one.
func (c *schemaCheck) value(path string, f field, v value, descriptor protoreflect.FieldDescriptor) {
	wrong, instead := "", ""
	switch descriptor.Kind() {
	case protoreflect.MessageKind:
		if v.kind == markToken {
			c.fields(path+".", v.fields, descriptor.Message())
			return
		}
		wrong, instead = "a message in braces", "{}"
	case protoreflect.StringKind:
		if v.kind == stringToken {
			return
		}
		wrong, instead = "a string in quotes", `""`
	case protoreflect.BoolKind:
		if isBool(v) {
			return
		}
		wrong, instead = "true or false, without quotes", "false"
	case protoreflect.Int32Kind:
		if isInt32(v) {
			return
		}
		wrong, instead = "a whole number from -2147483648 to 2147483647, without quotes", "0"
	default:
		return
	}
	c.source.errorf(path, "must be %s%s", wrong, shown(f.name, v))
	c.source.excused[path] = true
	c.edits = append(c.edits, edit{v.start, v.end, instead})
}

// shown returns the clause that quotes a wrong value, "" if it may be a secret.
func shown(name string, v value) string {
	if v.kind == markToken || len(v.text) > 60 || strings.HasPrefix(name, "metadata") {
		return ""
	}
	return ", not " + v.text
}

func isBool(v value) bool {
	switch v.text {
	case "true", "false", "True", "False", "t", "f", "0", "1":
		return v.kind != stringToken
	}
	return false
}

func isInt32(v value) bool {
	if v.kind != numberToken {
		return false
	}
	text := strings.Join(strings.Fields(v.text), "")
	if strings.ContainsAny(text, "_+") || strings.HasPrefix(strings.TrimPrefix(text, "-"), "0b") || strings.HasPrefix(strings.TrimPrefix(text, "-"), "0o") {
		return false // Go's notation, not the text format's
	}
	_, err := strconv.ParseInt(text, 0, 32)
	return err == nil
}
