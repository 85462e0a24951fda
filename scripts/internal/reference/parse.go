// Package reference writes the reference of the configuration from the comments
// of its protocol buffers, so that the two cannot differ.
package reference

import (
	"fmt"
	"regexp"
	"strings"
)

// Message is a message and what its comments say.
type Message struct {
	Name   string
	Text   []string // paragraphs
	Fields []Field
}

// Field is a field of a message.
type Field struct {
	Name     string
	Type     string // string, bool, int32, or a message
	Repeated bool
	Default  string // as written; "" for none
	Text     []string
	Examples []string
}

var (
	messageLine = regexp.MustCompile(`^message (\w+) \{$`)
	fieldLine   = regexp.MustCompile(`^(optional|repeated) (\w+) (\w+) = \d+(?: \[default = ([^\]]+)\])?;$`)
	example     = regexp.MustCompile("`([^`]+)`")
)

// Parse parses the messages of a .proto file. It supports the forms that the
// configuration's file uses, and refuses all others.
func Parse(text string) (about []string, messages []Message, err error) {
	var comment []string
	inside := false
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if said, ok := strings.CutPrefix(line, "//"); ok {
			comment = append(comment, strings.TrimPrefix(said, " "))
			continue
		}
		if match := messageLine.FindStringSubmatch(line); match != nil {
			messages, inside = append(messages, Message{Name: match[1], Text: paragraphs(comment)}), true
		} else if match := fieldLine.FindStringSubmatch(line); match != nil && inside {
			field := Field{Name: match[3], Type: match[2], Repeated: match[1] == "repeated", Default: match[4], Text: paragraphs(comment)}
			field.takeExamples()
			message := &messages[len(messages)-1]
			message.Fields = append(message.Fields, field)
		} else {
			switch {
			case line == "}":
				inside = false
			case strings.HasPrefix(line, "package "):
				about = paragraphs(comment)
			case inside && line != "":
				return nil, nil, fmt.Errorf("line %d: %q has an unsupported form", i+1, line)
			}
		}
		comment = nil
	}
	return about, messages, nil
}

// takeExamples moves the paragraph with the examples out of the text.
func (f *Field) takeExamples() {
	var text []string
	for _, paragraph := range f.Text {
		said, ok := strings.CutPrefix(paragraph, "Example: ")
		if !ok {
			text = append(text, paragraph)
			continue
		}
		for _, match := range example.FindAllStringSubmatch(said, -1) {
			f.Examples = append(f.Examples, match[1])
		}
	}
	f.Text = text
}

func paragraphs(lines []string) []string {
	var found []string
	for part := range strings.SplitSeq(strings.Join(lines, "\n"), "\n\n") {
		if part = strings.Join(strings.Fields(part), " "); part != "" {
			found = append(found, part)
		}
	}
	return found
}
