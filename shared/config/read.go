package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gce-backend/gce-backend/shared/config/spelling"
)

// read parses a file into a message. Unknown fields and values of the wrong
// type are reported and left out, so that the rest can be checked too.
func read(file string, data []byte, into proto.Message) *source {
	s := &source{file: file, offsets: map[string]int{}, labels: map[string]string{}, excused: map[string]bool{}}
	if data == nil {
		s.errorf("", "the file does not exist; where nothing shall be configured it must be there and empty")
		return s
	}
	s.tree = parseTree(string(data))
	s.index("", s.tree.fields)
	err := prototext.Unmarshal(data, into)
	if wrong := s.tree.wrong; err != nil && wrong != nil {
		s.add(Error, s.tree.position(wrong.offset), "", wrong.message)
		return s
	}
	if err != nil {
		s.checkFields("", s.tree.fields, into.ProtoReflect().Descriptor())
	}
	if len(s.edits) > 0 {
		err = prototext.Unmarshal([]byte(s.mended()), into)
	}
	if err != nil {
		s.unexplained(err)
	}
	s.parsed = err == nil
	return s
}

// placeOf finds the position in an error of the text format's parser.
var placeOf = lazily(`\(line (\d+):(\d+)\): (.*)`)

// unexplained reports an error that only the text format's own parser found.
func (s *source) unexplained(err error) {
	var at position
	message := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	if match := placeOf().FindStringSubmatch(message); match != nil {
		at.line, _ = strconv.Atoi(match[1])
		at.column, _ = strconv.Atoi(match[2])
		message = match[3]
	}
	s.add(Error, at, "", message)
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
			counts[f.name]++
			element := elementPath(path, counts[f.name]-1)
			s.offsets[element] = f.start
			if f.list {
				s.offsets[element] = v.start
			}
			if label := label(path, counts[f.name], v); label != "" {
				s.labels[element] = label
			}
			s.index(element+".", v.fields)
		}
	}
}

// label returns the name of a template or manager for messages, "" for any
// other message.
func label(path string, number int, element value) string {
	kind, name := "template", element.scalar("base_name")
	switch path {
	case "templates":
	case "managers":
		kind, name = "manager", element.scalar("template_base_name")
		if zone := element.scalar("zone"); name != "" && zone != "" {
			name += "/" + zone
		}
	default:
		return ""
	}
	return kind + " " + cmp.Or(name, fmt.Sprint("#", number))
}

// scalar returns the content of a string field, "" if the field is absent.
func (v value) scalar(name string) string {
	for _, f := range v.fields {
		if f.name == name && len(f.values) == 1 && f.values[0].kind == stringToken {
			return strings.Trim(f.values[0].text, `"'`)
		}
	}
	return ""
}

// edit replaces a part of the text by a valid one.
type edit struct {
	start, end int
	text       string
}

// mended returns the text with all edits applied. It keeps the line breaks.
func (s *source) mended() string {
	var result strings.Builder
	next := 0
	for _, e := range s.edits {
		result.WriteString(s.tree.text[next:e.start])
		result.WriteString(e.text)
		result.WriteString(strings.Repeat("\n", strings.Count(s.tree.text[e.start:e.end], "\n")))
		next = e.end
	}
	result.WriteString(s.tree.text[next:])
	return result.String()
}

// checkFields compares the fields of a text with the message type that they
// should form.
func (s *source) checkFields(prefix string, fields []field, message protoreflect.MessageDescriptor) {
	first, counts := map[string]int{}, map[string]int{}
	for _, f := range fields {
		path := prefix + f.name
		descriptor := message.Fields().ByTextName(f.name)
		if descriptor == nil {
			s.unknownField(prefix, f, message)
			continue
		}
		if before, ok := first[f.name]; ok && !descriptor.IsList() {
			s.leaveOut(f, path, "given twice; the first one is in line %d", s.tree.position(before).line)
			continue
		}
		first[f.name] = f.start
		if f.list && !descriptor.IsList() {
			s.leaveOut(f, path, "must be one value, not a list")
			s.excused[path] = true
			continue
		}
		for _, v := range f.values {
			element := path
			if descriptor.IsList() {
				element = elementPath(path, counts[f.name])
				counts[f.name]++
			}
			s.checkValue(element, f, v, descriptor)
		}
	}
}

// leaveOut reports a field at its position and removes it from the text.
func (s *source) leaveOut(f field, path, format string, args ...any) {
	s.add(Error, s.tree.position(f.start), path, fmt.Sprintf(format, args...))
	s.edits = append(s.edits, edit{f.start, f.end, " "})
}

func (s *source) unknownField(prefix string, f field, message protoreflect.MessageDescriptor) {
	var names []string
	for i := range message.Fields().Len() {
		names = append(names, message.Fields().Get(i).TextName())
	}
	s.leaveOut(f, prefix+f.name, "unknown field%s", hint(f.name, names, "the fields are"))
	if meant := spelling.Nearest(f.name, names); meant != "" {
		s.excused[prefix+meant] = true // so that it is not also reported as missing
	}
}

// kinds lists the kinds of fields: how the values of a kind are written, and a
// valid value to replace a wrong one.
var kinds = map[protoreflect.Kind]struct {
	form, instead string
	fits          func(value) bool
}{
	protoreflect.MessageKind: {"a message in braces", "{}", func(v value) bool { return v.kind == markToken }},
	protoreflect.StringKind:  {"a string in quotes", `""`, func(v value) bool { return v.kind == stringToken }},
	protoreflect.BoolKind:    {"true or false, without quotes", "false", isBool},
	protoreflect.Int32Kind:   {"a whole number from -2147483648 to 2147483647, without quotes", "0", isInt32},
}

// checkValue checks one value, and replaces a wrong one by a valid one.
func (s *source) checkValue(path string, f field, v value, descriptor protoreflect.FieldDescriptor) {
	kind := kinds[descriptor.Kind()]
	switch {
	case !kind.fits(v):
		s.errorf(path, "must be %s%s", kind.form, shown(f.name, v))
		s.excused[path] = true
		s.edits = append(s.edits, edit{v.start, v.end, kind.instead})
	case descriptor.Message() != nil:
		s.checkFields(path+".", v.fields, descriptor.Message())
	}
}

// shown returns a clause that quotes a wrong value, "" if it may be a secret.
func shown(name string, v value) string {
	if v.kind == markToken || len(v.text) > 60 || strings.HasPrefix(name, "metadata") {
		return ""
	}
	return ", not " + v.text
}

func isBool(v value) bool {
	return v.kind != stringToken && slices.Contains([]string{"true", "false", "True", "False", "t", "f", "0", "1"}, v.text)
}

// wholeNumber matches integers in the text format's notation, which is narrower
// than Go's.
var wholeNumber = lazily(`^-?[\s\v]*(0[xX][0-9a-fA-F]+|[0-9]+)$`)

func isInt32(v value) bool {
	_, err := strconv.ParseInt(strings.Join(strings.Fields(v.text), ""), 0, 32)
	return err == nil && wholeNumber().MatchString(v.text)
}
