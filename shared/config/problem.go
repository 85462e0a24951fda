package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/config/spelling"
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
	// Line and Column count from 1, columns in characters; 0 when the problem
	// is of the file as a whole.
	Line, Column int
	// Where names the template or manager, such as "template linux-small" or
	// "manager linux-small/us-central1-a"; "" when it is in none.
	Where string
	// Field is the field's name below that, such as "disk_type" or
	// "service_accounts.name".
	Field   string
	Message string
}

// String is the problem in one line:
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
	var result Problems
	for _, problem := range p {
		if problem.Severity == Error {
			result = append(result, problem)
		}
	}
	return result
}

// source is one file as it was read, with the positions of its fields.
type source struct {
	file   string
	parsed bool // the message can be looked at, though fields may be wrong
	tree   *tree
	// offsets of fields and values by their paths, such as
	// templates[1].dimensions[0]
	offsets  map[string]int
	labels   map[string]string // of templates and managers, by the path's first part
	excused  map[string]bool   // paths that were reported and replaced while parsing
	problems Problems
}

func (s *source) errorf(path, format string, args ...any) {
	s.report(Error, path, fmt.Sprintf(format, args...))
}

func (s *source) warnf(path, format string, args ...any) {
	s.report(Warning, path, fmt.Sprintf(format, args...))
}

// report adds a problem at a path. A field that is not in the file is reported
// at the position of the message that lacks it.
func (s *source) report(severity Severity, path, message string) {
	for part := path; part != ""; part = parent(part) {
		if s.excused[part] {
			return
		}
	}
	problem := Problem{Severity: severity, File: s.file, Message: message}
	place := s.position(path)
	problem.Line, problem.Column = place.line, place.column
	problem.Where, problem.Field = s.split(path)
	s.problems = append(s.problems, problem)
}

func (s *source) position(path string) position {
	for ; path != ""; path = parent(path) {
		if offset, ok := s.offsets[path]; ok {
			return s.tree.position(offset)
		}
	}
	return position{}
}

// parent is the path of the message that a path is in; "" when it is in none.
func parent(path string) string { return path[:max(strings.LastIndexByte(path, '.'), 0)] }

// split splits a path into its template or manager and the field in that.
func (s *source) split(path string) (where, field string) {
	first, rest, _ := strings.Cut(path, ".")
	if label, ok := s.labels[first]; ok {
		return label, withoutIndexes(rest)
	}
	switch name := withoutIndexes(first); {
	case name == first || s.file == SettingsFile:
		return "", withoutIndexes(path)
	default: // an element without a name
		var index int
		if _, err := fmt.Sscanf(first[len(name):], "[%d]", &index); err != nil {
			return "", withoutIndexes(path)
		}
		return fmt.Sprintf("%s #%d", strings.TrimSuffix(name, "s"), index+1), withoutIndexes(rest)
	}
}

// withoutIndexes turns a[1].b[2] into a.b.
func withoutIndexes(path string) string {
	var names []string
	for part := range strings.SplitSeq(path, ".") {
		name, _, _ := strings.Cut(part, "[")
		names = append(names, name)
	}
	return strings.Join(names, ".")
}

// sorted returns the problems in the order of the file, fit for a log line.
func (s *source) sorted() Problems {
	for i := range s.problems {
		problem := &s.problems[i]
		problem.Where, problem.Field = shortened(problem.Where, 200), shortened(problem.Field, 200)
		problem.Message = shortened(problem.Message, 1000)
	}
	slices.SortStableFunc(s.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return s.problems
}

// shortened cuts the middle out of a text of more than most bytes: a wrong value
// stands there, what would be right stands at the end. Cloud Logging takes lines
// of 256 KiB at most: https://cloud.google.com/logging/quotas
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	head, tail := text[:most*2/3], text[len(text)-most/3:]
	return strings.ToValidUTF8(head, "") + fmt.Sprintf(" … (%d bytes left out) … ", len(text)-len(head)-len(tail)) + strings.ToValidUTF8(tail, "")
}

// hint returns the clause that ends a message about an unknown word: the word
// that was perhaps meant, or else all choices.
func hint(word string, choices []string, introduction string) string {
	if question := spelling.DidYouMean(word, choices); question != "" {
		return question
	}
	return "; " + introduction + " " + strings.Join(choices, ", ")
}
