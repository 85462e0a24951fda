package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The text format's own parser stops at the first mistake and reports no
// positions of fields. This scanner knows the grammar but no schema. It finds the
// position of every field and value, so that all problems can be reported at
// once, each with its line and column.

// position counts lines and columns from 1, columns in characters.
type position struct{ line, column int }

type tokenKind int

const (
	endToken    tokenKind = iota
	nameToken             // an identifier, or true, inf and the like
	numberToken           // with its sign
	stringToken           // one quoted string
	markToken             // one of { } < > [ ] : , ; / -
)

type token struct {
	kind       tokenKind
	text       string // as in the file, quotes included
	start, end int    // bytes
}

// syntaxError is the first place where the text does not follow the grammar.
type syntaxError struct {
	offset  int
	message string
}

func (e *syntaxError) Error() string { return e.message }

type scanner struct {
	text string
	next int
}

func isNameByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// strangers are characters that come from other formats and word processors,
// with a hint for each.
var strangers = map[rune]string{
	'=':      "; a value stands behind a colon",
	'\ufeff': "; the file begins with a byte order mark, which must be taken out",
	'“':      "; quotes must be straight",
	'”':      "; quotes must be straight",
	'‘':      "; quotes must be straight",
	'’':      "; quotes must be straight",
}

// token reads the next token, behind white space and comments.
func (s *scanner) token() (token, error) {
	s.skip()
	start := s.next
	if start >= len(s.text) {
		return token{kind: endToken, start: start, end: start}, nil
	}
	c := s.text[start]
	switch {
	case c == '"' || c == '\'':
		return s.quoted(c)
	case c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+':
		return s.number()
	case isNameByte(c):
		for s.next < len(s.text) && isNameByte(s.text[s.next]) {
			s.next++
		}
		return s.made(nameToken, start), nil
	case strings.IndexByte("{}<>[]:,;/", c) >= 0:
		s.next++
		return s.made(markToken, start), nil
	}
	r, _ := utf8.DecodeRuneInString(s.text[start:])
	return token{}, &syntaxError{start, fmt.Sprintf("%q cannot stand here%s", r, strangers[r])}
}

func (s *scanner) skip() {
	for s.next < len(s.text) {
		switch c := s.text[s.next]; {
		case c == '#':
			for s.next < len(s.text) && s.text[s.next] != '\n' {
				s.next++
			}
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f':
			s.next++
		default:
			return
		}
	}
}

func (s *scanner) quoted(quote byte) (token, error) {
	start := s.next
	for s.next++; s.next < len(s.text); s.next++ {
		switch c := s.text[s.next]; {
		case c == quote:
			s.next++
			return s.made(stringToken, start), nil
		case c == '\\':
			s.next++
		case c == '\n':
			return token{}, &syntaxError{start, "the string that begins here has no closing quote in its line"}
		}
	}
	return token{}, &syntaxError{start, "the string that begins here has no closing quote"}
}

// number reads a sign, white space and the digits, or a name such as inf.
func (s *scanner) number() (token, error) {
	start := s.next
	if c := s.text[s.next]; c == '-' || c == '+' {
		s.next++
		s.skip()
	}
	digits := s.next
	for s.next < len(s.text) && (isNameByte(s.text[s.next]) || s.text[s.next] == '.' || s.exponentSign()) {
		s.next++
	}
	if s.next == digits {
		return token{}, &syntaxError{start, "a sign must be followed by a number"}
	}
	return s.made(numberToken, start), nil
}

// exponentSign reports whether the next byte is the sign in 1e-3.
func (s *scanner) exponentSign() bool {
	c, before := s.text[s.next], s.text[s.next-1]
	return (c == '-' || c == '+') && (before == 'e' || before == 'E')
}

func (s *scanner) made(kind tokenKind, start int) token {
	return token{kind: kind, text: s.text[start:s.next], start: start, end: s.next}
}
