// Package filter evaluates the filter expressions of Compute Engine's lists, in
// both of their grammars: `name = x AND labels.k:*`, and the older
// `(name eq 'x-.*') (status ne DONE)` with regular expressions.
package filter

import (
	"errors"
	"fmt"
)

// Expression is a parsed filter.
type Expression interface {
	// Match reports whether a resource, as decoded JSON, passes.
	Match(resource map[string]any) bool
}

type (
	and []Expression
	or  []Expression
	not struct{ of Expression }
)

func (e and) Match(r map[string]any) bool {
	for _, x := range e {
		if !x.Match(r) {
			return false
		}
	}
	return true
}

func (e or) Match(r map[string]any) bool {
	for _, x := range e {
		if x.Match(r) {
			return true
		}
	}
	return false
}

func (e not) Match(r map[string]any) bool { return !e.of.Match(r) }

// maxDepth bounds the nesting of parentheses.
const maxDepth = 50

// Parse parses a filter; it returns nil for an empty one.
func Parse(text string) (Expression, error) {
	tokens, err := scan(text)
	if err != nil || len(tokens) == 0 {
		return nil, err
	}
	p := &parser{tokens: tokens}
	e, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if p.more() {
		return nil, fmt.Errorf("unexpected %q", p.peek().text)
	}
	return e, nil
}

type parser struct {
	tokens []token
	at     int
	depth  int
}

func (p *parser) more() bool  { return p.at < len(p.tokens) }
func (p *parser) peek() token { return p.tokens[p.at] }

// word takes an unquoted keyword if it comes next.
func (p *parser) word(text string) bool {
	if p.more() && !p.peek().quoted && p.peek().text == text {
		p.at++
		return true
	}
	return false
}

// alternatives parses terms joined by OR, which binds less tightly than AND here
// as in the service's documentation, where mixed use needs parentheses.
func (p *parser) alternatives() (Expression, error) {
	first, err := p.conjunction()
	if err != nil {
		return nil, err
	}
	all := or{first}
	for p.word("OR") {
		next, err := p.conjunction()
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	if len(all) == 1 {
		return first, nil
	}
	return all, nil
}

// conjunction parses terms joined by AND or simply put side by side.
func (p *parser) conjunction() (Expression, error) {
	var all and
	for {
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		all = append(all, t)
		if p.word("AND") {
			continue
		}
		if !p.more() || !p.peek().quoted && (p.peek().text == "OR" || p.peek().text == ")") {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *parser) term() (Expression, error) {
	switch {
	case !p.more():
		return nil, errors.New("it ends too early")
	case p.word("NOT") || p.word("-"):
		of, err := p.term()
		return not{of}, err
	case p.word("("):
		if p.depth++; p.depth > maxDepth {
			return nil, fmt.Errorf("more than %d nested parentheses", maxDepth)
		}
		defer func() { p.depth-- }()
		e, err := p.alternatives()
		if err == nil && !p.word(")") {
			err = errors.New("a parenthesis is not closed")
		}
		return e, err
	}
	return p.comparison()
}

func (p *parser) comparison() (Expression, error) {
	if len(p.tokens)-p.at < 3 {
		return nil, errors.New("a comparison needs a field, an operator and a value")
	}
	field, operator, value := p.tokens[p.at], p.tokens[p.at+1], p.tokens[p.at+2]
	p.at += 3
	if field.quoted || !fieldPattern.MatchString(field.text) {
		return nil, fmt.Errorf("%q is not a field", field.text)
	}
	if !value.quoted && (value.text == "(" || value.text == ")") {
		return nil, fmt.Errorf("%q stands where a value should", value.text)
	}
	return newComparison(field.text, operator, value.text)
}
