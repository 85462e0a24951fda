package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// A query of the documentation, in as much of Cloud Logging's language as it
// needs: comparisons by =, != =~ and >=, a list of values in parentheses, and
// AND, OR and parentheses between comparisons. Lines are joined by AND.

var word = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|[A-Za-z_.]+|=~|>=|!=|=|\(|\))`)

// query reports whether a line of the log is found.
type query func(line map[string]any) bool

// parseQuery reads a query.
func parseQuery(text string) (query, error) {
	p := &queryParser{}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		next := word.FindString(rest)
		if next == "" {
			return nil, fmt.Errorf("not understood: %s", rest)
		}
		p.words, rest = append(p.words, next), rest[len(next):]
	}
	q, err := p.all()
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("not understood: %v", p.words)
	}
	return q, err
}

type queryParser struct{ words []string }

func (p *queryParser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *queryParser) take() string {
	next := p.peek()
	if next != "" {
		p.words = p.words[1:]
	}
	return next
}

// all reads comparisons joined by AND, or simply put side by side.
func (p *queryParser) all() (query, error) {
	var every []query
	for p.peek() != "" && p.peek() != ")" {
		if p.peek() == "AND" {
			p.take()
		}
		q, err := p.any()
		if err != nil {
			return nil, err
		}
		every = append(every, q)
	}
	return func(line map[string]any) bool {
		for _, q := range every {
			if !q(line) {
				return false
			}
		}
		return true
	}, nil
}

// any reads comparisons joined by OR, which binds more tightly than AND in Cloud
// Logging.
func (p *queryParser) any() (query, error) {
	var some []query
	for {
		q, err := p.one()
		if err != nil {
			return nil, err
		}
		if some = append(some, q); p.peek() != "OR" {
			break
		}
		p.take()
	}
	return func(line map[string]any) bool {
		for _, q := range some {
			if q(line) {
				return true
			}
		}
		return false
	}, nil
}

func (p *queryParser) one() (query, error) {
	if p.peek() == "(" {
		p.take()
		q, err := p.all()
		if err == nil && p.take() != ")" {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return q, err
	}
	field, operator := p.take(), p.take()
	var values []string
	if p.peek() == "(" {
		p.take()
		for p.peek() != ")" {
			if next := p.take(); next == "" {
				return nil, fmt.Errorf("a parenthesis is not closed")
			} else if next != "OR" {
				values = append(values, unquote(next))
			}
		}
		p.take()
	} else {
		values = []string{unquote(p.take())}
	}
	return comparison(field, operator, values)
}

func unquote(text string) string {
	var plain string
	if json.Unmarshal([]byte(text), &plain) == nil {
		return plain
	}
	return text
}

var severities = []string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}

func comparison(field, operator string, values []string) (query, error) {
	matches := func(had, value string) bool { return had == value }
	switch operator {
	case "=", "!=":
	case "=~":
		for _, value := range values {
			if _, err := regexp.Compile(value); err != nil {
				return nil, err
			}
		}
		matches = func(had, value string) bool { return regexp.MustCompile(value).MatchString(had) }
	case ">=":
		if field != "severity" {
			return nil, fmt.Errorf("%s cannot be compared by >= here", field)
		}
		rank := map[string]int{}
		for i, severity := range severities {
			rank[severity] = i
		}
		matches = func(had, value string) bool { return rank[had] >= rank[value] }
	default:
		return nil, fmt.Errorf("%s %s: no comparison", field, operator)
	}
	return func(line map[string]any) bool {
		had, found := fieldOf(line, field), false
		for _, value := range values {
			found = found || matches(had, value)
		}
		return found != (operator == "!=")
	}, nil
}

// fieldOf is a field of the entry that a line becomes in Cloud Logging.
func fieldOf(line map[string]any, field string) string {
	switch field {
	case "resource.type":
		return "cloud_run_revision"
	case "resource.labels.service_name":
		field = "job"
	}
	value, ok := line[strings.TrimPrefix(field, "jsonPayload.")]
	if !ok {
		return ""
	}
	return fmt.Sprint(value)
}

// queries are the Logging queries of a page, with the values of a case in place
// of its words in capitals.
func (p *page) queries(values map[string]string) []string {
	var found []string
	for _, b := range p.blocks {
		if b.language == "" && (strings.Contains(b.text, "jsonPayload.") || strings.Contains(b.text, "resource.")) {
			text := b.text
			for name, value := range values {
				text = strings.ReplaceAll(text, `"`+name+`"`, `"`+value+`"`)
			}
			found = append(found, text)
		}
	}
	return found
}

func TestQuery(t *testing.T) {
	line := map[string]any{"job": "fetch-instances", "event": "POOL", "severity": "WARNING", "code": "rateLimitExceeded", "n": 3.0}
	for text, want := range map[string]bool{
		`jsonPayload.event="POOL"`: true,
		"resource.type=\"cloud_run_revision\"\nresource.labels.service_name=\"fetch-instances\"": true,
		`jsonPayload.event=("A" OR "POOL")`:                               true,
		`(jsonPayload.event="A" OR severity>=WARNING)`:                    true,
		`severity>=ERROR`:                                                 false,
		`jsonPayload.event="POOL" AND severity>=ERROR`:                    false,
		`jsonPayload.code=~"(?i)quota|rate.?limit"`:                       true,
		`jsonPayload.code!="x"`:                                           true,
		`jsonPayload.n="3"`:                                               true,
		`jsonPayload.nothing="x"`:                                         false,
		"jsonPayload.event=\"A\"\nOR jsonPayload.job=\"fetch-instances\"": true,
	} {
		q, err := parseQuery(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := q(line); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, text := range []string{`jsonPayload.event`, `(a="b"`, `a="b")`, `a=("b"`, `a ~ "b"`, `a=~"("`, `n>="3"`} {
		if _, err := parseQuery(text); err == nil {
			t.Errorf("%s is understood", text)
		}
	}
}
