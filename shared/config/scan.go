package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The text format's own parser stops at the first mistake and does not report
// the positions of fields. This scanner knows the grammar but no schema. It
// finds the position of every field and value, so that all problems can be
// reported at once, each with its line and column.

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

// scanner splits a text into tokens. After the first syntax error it returns
// only endToken, so the parser need not check for an error at each step.
type scanner struct {
	text  string
	next  int
	wrong *syntaxError
}

const (
	space     = " \t\n\r\v\f"
	nameBytes = "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// strangers are characters from other formats and from word processors, each
// with a hint.
var strangers = map[rune]string{
	'=':      "; a value stands behind a colon",
	'\ufeff': "; the file begins with a byte order mark, which must be taken out",
	'“':      "; quotes must be straight",
	'”':      "; quotes must be straight",
	'‘':      "; quotes must be straight",
	'’':      "; quotes must be straight",
}

// refuse records a syntax error, unless there is one already, and ends the
// text.
func (s *scanner) refuse(offset int, format string, args ...any) token {
	if s.wrong == nil {
		s.wrong = &syntaxError{offset, fmt.Sprintf(format, args...)}
	}
	s.next = len(s.text)
	return s.made(endToken, s.next)
}

// token reads the next token, after white space and comments.
func (s *scanner) token() token {
	s.skip()
	start := s.next
	if start == len(s.text) {
		return s.made(endToken, start)
	}
	c := s.text[start]
	switch {
	case c == '"' || c == '\'':
		return s.quoted(c)
	case c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+':
		return s.number()
	case isNameByte(c):
		s.take(nameBytes)
		return s.made(nameToken, start)
	case strings.IndexByte("{}<>[]:,;/", c) >= 0:
		s.next++
		return s.made(markToken, start)
	}
	r, _ := utf8.DecodeRuneInString(s.text[start:])
	return s.refuse(start, "%q cannot stand here%s", r, strangers[r])
}

func isNameByte(c byte) bool { return strings.IndexByte(nameBytes, c) >= 0 }

// take moves past all characters that are in a set.
func (s *scanner) take(set string) {
	s.next = len(s.text) - len(strings.TrimLeft(s.text[s.next:], set))
}

func (s *scanner) skip() {
	for s.take(space); strings.HasPrefix(s.text[s.next:], "#"); s.take(space) {
		_, lines, _ := strings.Cut(s.text[s.next:], "\n")
		s.next = len(s.text) - len(lines)
	}
}

func (s *scanner) quoted(quote byte) token {
	start := s.next
	for s.next++; s.next < len(s.text); s.next++ {
		switch s.text[s.next] {
		case quote:
			s.next++
			return s.made(stringToken, start)
		case '\\':
			s.next++
		case '\n':
			return s.refuse(start, "the string that begins here has no closing quote in its line")
		}
	}
	return s.refuse(start, "the string that begins here has no closing quote")
}

// number reads a sign, white space and the digits, or a name such as inf.
func (s *scanner) number() token {
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
		return s.refuse(start, "a sign must be followed by a number")
	}
	return s.made(numberToken, start)
}

// exponentSign reports whether the next byte is the sign in 1e-3.
func (s *scanner) exponentSign() bool {
	c, before := s.text[s.next], s.text[s.next-1]
	return (c == '-' || c == '+') && (before == 'e' || before == 'E')
}

func (s *scanner) made(kind tokenKind, start int) token {
	return token{kind: kind, text: s.text[start:s.next], start: start, end: s.next}
}
