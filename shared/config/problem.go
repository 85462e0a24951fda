package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity is how bad a problem is: an error keeps the configuration from being
// used.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the configuration is refused
	Warning Severity = "warning" // it is used, but perhaps not as meant
)

// Problem is something wrong in a file of the configuration.
type Problem struct {
	Severity Severity
	File     string
	// Line and Column count from 1, the column in characters; both are 0 for a
	// problem with the whole file.
	Line, Column int
	// Where names the template or manager, such as "template linux-small" or
	// "manager linux-small/us-central1-a"; "" if the problem is outside of
	// both.
	Where string
	// Field is the field's path in the template or manager, such as "disk_type"
	// or "service_accounts.name".
	Field   string
	Message string
}

// String returns the problem in one line:
// templates.cfg:12:3: template linux-small: disk_type: unknown disk type …
func (p Problem) String() string {
	var line strings.Builder
	line.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&line, ":%d:%d", p.Line, p.Column)
	}
	for _, part := range []string{p.Where, p.Field, p.Message} {
		if part != "" {
			line.WriteString(": " + part)
		}
	}
	return line.String()
}

// Problems are the problems of a configuration, ordered by file and line.
type Problems []Problem

// Errors returns the problems for which the configuration is refused.
func (p Problems) Errors() Problems {
	return slices.DeleteFunc(slices.Clone(p), func(problem Problem) bool { return problem.Severity != Error })
}

// source is one file as it was read, with the positions of its fields.
type source struct {
	file   string
	parsed bool // the message is there, though fields in it may be wrong
	tree   *tree
	// offsets holds the offsets of fields and values by their paths, such as
	// templates[1].dimensions[0].
	offsets  map[string]int
	labels   map[string]string // of templates and managers, by the path's first part
	edits    []edit            // in place of what cannot be parsed, in the text's order
	excused  map[string]bool   // paths whose values were reported and replaced while parsing
	problems Problems
}

func (s *source) errorf(path, format string, args ...any) {
	s.report(Error, path, fmt.Sprintf(format, args...))
}

func (s *source) warnf(path, format string, args ...any) {
	s.report(Warning, path, fmt.Sprintf(format, args...))
}

// given reports whether a required field has a value, and adds a problem if it
// has none.
func (s *source) given(path, value string) bool {
	if value == "" {
		s.errorf(path, "missing")
	}
	return value != ""
}

// earlier returns the line on which another path has the same key, 0 if this is
// the first.
func (s *source) earlier(seen map[string]string, key, path string) int {
	if first, ok := seen[key]; ok {
		return s.position(first).line
	}
	seen[key] = path
	return 0
}

// report adds a problem at a path. A missing field is reported at the position
// of the message that lacks it.
func (s *source) report(severity Severity, path, message string) {
	for part := path; part != ""; part = parent(part) {
		if s.excused[part] {
			return
		}
	}
	s.add(severity, s.position(path), path, message)
}

// add adds a problem at a position, shortened to fit into a log line.
func (s *source) add(severity Severity, at position, path, message string) {
	first, field, _ := strings.Cut(path, ".")
	where, ok := s.labels[first]
	if !ok {
		field = path
	}
	s.problems = append(s.problems, Problem{
		Severity: severity, File: s.file, Line: at.line, Column: at.column, Where: shortened(where, 200),
		Field: shortened(indexes().ReplaceAllString(field, ""), 200), Message: shortened(message, 1000),
	})
}

// indexes matches the indexes in a path.
var indexes = lazily(`\[[0-9]+\]`)

func (s *source) position(path string) position {
	for ; path != ""; path = parent(path) {
		if offset, ok := s.offsets[path]; ok {
			return s.tree.position(offset)
		}
	}
	return position{}
}

// parent returns the path of the message that contains a path; "" if no message
// does.
func parent(path string) string { return path[:max(strings.LastIndexByte(path, '.'), 0)] }

// elementPath returns the path of an element of a repeated field.
func elementPath(name string, i int) string { return fmt.Sprintf("%s[%d]", name, i) }

// sorted returns the problems in the order of the file.
func (s *source) sorted() Problems {
	slices.SortStableFunc(s.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return s.problems
}

// shortened cuts the middle out of a text of more than most bytes: the middle
// quotes the wrong value, and the end names the allowed ones. Cloud Logging
// accepts lines of at most 256 KiB: https://cloud.google.com/logging/quotas
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	head, tail := text[:most*2/3], text[len(text)-most/3:]
	return strings.ToValidUTF8(head, "") + fmt.Sprintf(" … (%d bytes left out) … ", len(text)-len(head)-len(tail)) + strings.ToValidUTF8(tail, "")
}
