package config

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep messages may nest; the configuration's own nest
// two deep.
const maxDepth = 50

// field is one field of the text.
type field struct {
	name       string
	start, end int // from the name to the end of the value and its separator
	values     []value
	list       bool // written with brackets
}

// value is one value of a field: a scalar, or a message with fields.
type value struct {
	kind       tokenKind // of the first token; markToken for a message
	text       string    // a scalar as it is written
	start, end int
	fields     []field
}

// tree is a whole text.
type tree struct {
	fields []field
	lines  []int // the offsets at which lines begin
	wide   []int // the offsets of bytes that continue a character
	text   string
}

func newTree(text string) *tree {
	t := &tree{lines: []int{0}, text: text}
	for i := range len(text) {
		switch {
		case text[i] == '\n':
			t.lines = append(t.lines, i+1)
		case !utf8.RuneStart(text[i]):
			t.wide = append(t.wide, i)
		}
	}
	return t
}

// position finds the line and column of an offset.
func (t *tree) position(offset int) position {
	line := sort.SearchInts(t.lines, offset+1)
	start := t.lines[line-1]
	continued := sort.SearchInts(t.wide, offset) - sort.SearchInts(t.wide, start)
	return position{line: line, column: 1 + offset - start - continued}
}

type treeParser struct {
	scanner scanner
	current token
	opened  []int // offsets of the messages that are not closed yet
	// behind: a string precedes the current token in its line. If that string
	// has a quote too many, the token still belongs to the value, and may be
	// a secret.
	behind bool
}

// parseTree parses the grammar of the text format. Errors are *syntaxError; the
// tree has its lines even then.
func parseTree(text string) (*tree, error) {
	result := newTree(text)
	parser := &treeParser{scanner: scanner{text: text}}
	if err := parser.advance(); err != nil {
		return result, err
	}
	fields, err := parser.fields("", 0)
	result.fields = fields
	return result, err
}

func (p *treeParser) advance() error {
	next, err := p.scanner.token()
	if err == nil {
		p.behind = (p.behind || p.current.kind == stringToken) && !strings.Contains(p.scanner.text[p.current.end:next.start], "\n")
	}
	p.current = next
	return err
}

func (p *treeParser) is(mark string) bool {
	return p.current.kind == markToken && p.current.text == mark
}

func (p *treeParser) fail(format string, args ...any) error {
	return &syntaxError{p.current.start, fmt.Sprintf(format, args...)}
}

// found describes the current token for messages.
func (p *treeParser) found() string {
	switch p.current.kind {
	case endToken:
		return "the end of the file"
	case stringToken: // not its text: it may be a secret
		return "a string"
	default:
		return p.quoted()
	}
}

// quoted returns the current token for messages.
func (p *treeParser) quoted() string {
	if p.behind && p.current.kind != markToken {
		return "a word"
	}
	return fmt.Sprintf("%q", p.current.text)
}

// fields reads fields up to the closing mark, or to the end of the text when
// there is none.
func (p *treeParser) fields(closing string, depth int) ([]field, error) {
	if depth > maxDepth {
		return nil, p.fail("messages nest more than %d deep", maxDepth)
	}
	var fields []field
	for {
		if closing == "" && p.current.kind == endToken || closing != "" && p.is(closing) {
			return fields, nil
		}
		next, err := p.field(closing, depth)
		if err != nil {
			return fields, err
		}
		fields = append(fields, next)
	}
}

func (p *treeParser) field(closing string, depth int) (field, error) {
	result := field{start: p.current.start}
	name, err := strings.Trim(p.quoted(), `"`), error(nil)
	if result.name, err = p.fieldName(closing); err != nil {
		return field{}, err
	}
	colon := p.is(":")
	if colon {
		if err := p.advance(); err != nil {
			return field{}, err
		}
	}
	if !colon && !p.is("{") && !p.is("<") && !p.is("[") {
		return field{}, p.fail("a colon must follow %s, not %s", name, p.found())
	}
	if result.list = p.is("["); result.list {
		result.values, err = p.listValues(depth)
	} else {
		var single value
		single, err = p.value(depth)
		result.values = []value{single}
	}
	if err != nil {
		return field{}, err
	}
	result.end = result.start
	for _, v := range result.values {
		result.end = v.end
	}
	return result, p.finish(&result)
}

// finish extends a field over its separator.
func (p *treeParser) finish(f *field) error {
	if f.list {
		f.end = p.current.end
		if err := p.advance(); err != nil { // over the ]
			return err
		}
	}
	if p.is(",") || p.is(";") {
		f.end = p.current.end
		return p.advance()
	}
	return nil
}

func (p *treeParser) fieldName(closing string) (string, error) {
	start := p.current
	switch {
	case p.current.kind == nameToken:
		return start.text, p.advance()
	case p.is("["): // an extension or a type URL
		for !p.is("]") {
			if p.current.kind == endToken || p.current.kind == stringToken {
				return "", p.fail("a name in brackets must end with ]")
			}
			if err := p.advance(); err != nil {
				return "", err
			}
		}
		return p.scanner.text[start.start:p.current.end], p.advance()
	case closing != "" && p.current.kind == endToken:
		line := 1 + strings.Count(p.scanner.text[:p.opened[len(p.opened)-1]], "\n")
		return "", p.fail("the message that begins in line %d is not closed: %s is missing", line, closing)
	}
	return "", p.fail("a field name must stand here, not %s%s", p.found(), p.hint())
}

// hint explains marks that other formats would have here.
func (p *treeParser) hint() string {
	switch {
	case p.current.kind == stringToken:
		return "; names are written without quotes"
	case p.is("/"):
		return "; a comment begins with #"
	}
	return ""
}

// listValues reads the values of a list, up to its ].
func (p *treeParser) listValues(depth int) ([]value, error) {
	var values []value
	if err := p.advance(); err != nil {
		return nil, err
	}
	for !p.is("]") {
		if len(values) > 0 {
			if !p.is(",") {
				return nil, p.fail("a comma or ] must stand here, not %s", p.found())
			}
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		next, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		values = append(values, next)
	}
	return values, nil
}

func (p *treeParser) value(depth int) (value, error) {
	result := value{kind: p.current.kind, start: p.current.start}
	switch {
	case p.is("{"), p.is("<"):
		closing := map[string]string{"{": "}", "<": ">"}[p.current.text]
		p.opened = append(p.opened, p.current.start)
		if err := p.advance(); err != nil {
			return value{}, err
		}
		fields, err := p.fields(closing, depth+1)
		if err != nil {
			return value{}, err
		}
		p.opened = p.opened[:len(p.opened)-1]
		result.fields, result.end = fields, p.current.end
		return result, p.advance()
	case p.current.kind == stringToken:
		for p.current.kind == stringToken { // strings side by side are one
			result.end = p.current.end
			if err := p.advance(); err != nil {
				return value{}, err
			}
		}
	case p.current.kind == nameToken, p.current.kind == numberToken:
		result.end = p.current.end
		if err := p.advance(); err != nil {
			return value{}, err
		}
	default:
		return value{}, p.fail("a value must stand here, not %s", p.found())
	}
	result.text = p.scanner.text[result.start:result.end]
	return result, nil
}
