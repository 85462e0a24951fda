package config

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep messages may nest; the configuration's own messages
// nest two levels deep.
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
	text       string    // as it is written
	start, end int
	fields     []field
}

// tree is a parsed text.
type tree struct {
	fields []field
	wrong  *syntaxError // nil: none; else fields end there
	lines  []int        // the offsets at which lines begin
	wide   []int        // the offsets of bytes that continue a character
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
	scanner
	current token
	last    int // the end of the token before the current one
	// behind means that a string precedes the current token in its line. If
	// that string has a quote too many, the token still belongs to the value,
	// and may be a secret.
	behind bool
}

// parseTree parses the grammar of the text format.
func parseTree(text string) *tree {
	result := newTree(text)
	parser := &treeParser{scanner: scanner{text: text}}
	parser.advance()
	result.fields = parser.fields("", 0)
	result.wrong = parser.wrong
	return result
}

func (p *treeParser) advance() {
	before := p.current
	p.current, p.last = p.token(), before.end
	p.behind = (p.behind || before.kind == stringToken) && !strings.Contains(p.text[p.last:p.current.start], "\n")
}

func (p *treeParser) is(mark string) bool {
	return p.current.kind == markToken && p.current.text == mark
}

// fail records a syntax error at the current token.
func (p *treeParser) fail(format string, args ...any) {
	p.current = p.refuse(p.current.start, format, args...)
	p.last = p.current.end
}

// found describes the current token for messages.
func (p *treeParser) found() string {
	switch p.current.kind {
	case endToken:
		return "the end of the file"
	case stringToken: // not its text: it may be a secret
		return "a string"
	default:
		return p.masked()
	}
}

// masked returns the current token in quotes, or "a word" if it may be a secret.
func (p *treeParser) masked() string {
	if p.behind && p.current.kind != markToken {
		return "a word"
	}
	return fmt.Sprintf("%q", p.current.text)
}

// fields reads fields up to the closing mark, or to the end of the text.
func (p *treeParser) fields(closing string, depth int) []field {
	if depth > maxDepth {
		p.fail("messages nest more than %d deep", maxDepth)
	}
	var fields []field
	for p.current.kind != endToken && !p.is(closing) {
		fields = append(fields, p.field(depth))
	}
	return fields
}

func (p *treeParser) field(depth int) field {
	result, name := field{start: p.current.start}, strings.Trim(p.masked(), `"`)
	result.name = p.fieldName()
	if p.is(":") {
		p.advance()
	} else if !p.is("{") && !p.is("<") && !p.is("[") {
		p.fail("a colon must follow %s, not %s", name, p.found())
	}
	if result.list = p.is("["); result.list {
		result.values = p.listValues(depth)
	} else {
		result.values = []value{p.value(depth)}
	}
	if p.is(",") || p.is(";") {
		p.advance()
	}
	result.end = p.last
	return result
}

func (p *treeParser) fieldName() string {
	start := p.current.start
	switch {
	case p.current.kind == nameToken:
	case p.is("["): // an extension or a type URL
		for !p.is("]") && p.current.kind != endToken && p.current.kind != stringToken {
			p.advance()
		}
		if !p.is("]") {
			p.fail("a name in brackets must end with ]")
		}
	default:
		p.fail("a field name must stand here, not %s%s", p.found(), p.hint())
	}
	p.advance()
	return p.text[start:p.last]
}

// hint explains marks that other formats use here.
func (p *treeParser) hint() string {
	switch {
	case p.current.kind == stringToken:
		return "; names are written without quotes"
	case p.is("/"):
		return "; a comment begins with #"
	}
	return ""
}

// listValues reads a list with its brackets.
func (p *treeParser) listValues(depth int) []value {
	var values []value
	for p.advance(); !p.is("]") && p.wrong == nil; {
		if len(values) > 0 {
			if !p.is(",") {
				p.fail("a comma or ] must stand here, not %s", p.found())
			}
			p.advance()
		}
		values = append(values, p.value(depth))
	}
	p.advance()
	return values
}

func (p *treeParser) value(depth int) value {
	result := value{kind: p.current.kind, start: p.current.start}
	switch {
	case p.is("{"), p.is("<"):
		closing := map[string]string{"{": "}", "<": ">"}[p.current.text]
		p.advance()
		result.fields = p.fields(closing, depth+1)
		if p.current.kind == endToken {
			line := 1 + strings.Count(p.text[:result.start], "\n")
			p.fail("the message that begins in line %d is not closed: %s is missing", line, closing)
		}
		p.advance()
	case p.current.kind == stringToken:
		for p.current.kind == stringToken { // adjacent strings form one
			p.advance()
		}
	case p.current.kind == nameToken, p.current.kind == numberToken:
		p.advance()
	default:
		p.fail("a value must stand here, not %s", p.found())
	}
	result.end = p.last
	result.text = p.text[result.start:result.end]
	return result
}
