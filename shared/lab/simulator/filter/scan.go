package filter

import (
	"fmt"
	"regexp"
	"strings"
)

type token struct {
	text   string
	quoted bool
}

var fieldPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$`)

const operatorCharacters = "=!<>:"

// scan splits a filter into fields, operators, values and parentheses.
func scan(text string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c == '(' || c == ')':
			tokens = append(tokens, token{text: string(c)})
			i++
		case c == '"' || c == '\'':
			value, n, err := quoted(text[i:])
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, token{text: value, quoted: true})
			i += n
		case strings.IndexByte(operatorCharacters, c) >= 0:
			n := 1
			if i+1 < len(text) && text[i+1] == '=' && c != ':' {
				n = 2
			}
			tokens = append(tokens, token{text: text[i : i+n]})
			i += n
		case c == '-' && startsTerm(tokens):
			tokens = append(tokens, token{text: "-"})
			i++
		default:
			n := bare(text[i:], afterOperator(tokens))
			tokens = append(tokens, token{text: text[i : i+n]})
			i += n
		}
	}
	return tokens, nil
}

func quoted(text string) (value string, n int, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case text[0]:
			return b.String(), i + 1, nil
		case '\\':
			// Only the quote and the backslash are escaped; in a regular
			// expression any other backslash is the expression's own.
			if i+1 < len(text) && (text[i+1] == text[0] || text[i+1] == '\\') {
				i++
				c = text[i]
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, fmt.Errorf("a quote is not closed: %s", text)
}

// bare returns the length of an unquoted word. A value may contain colons (URLs
// and times) and, in old expressions, the characters of regular expressions.
func bare(text string, isValue bool) int {
	stop := " \t\n()" + operatorCharacters
	if isValue {
		stop = " \t\n)"
	}
	depth := 0
	for i := range len(text) {
		c := text[i]
		switch {
		case isValue && c == '(':
			depth++
		case isValue && c == ')' && depth > 0:
			depth--
		case strings.IndexByte(stop, c) >= 0:
			return max(i, 1)
		}
	}
	return len(text)
}

func afterOperator(tokens []token) bool {
	if len(tokens) < 2 {
		return false
	}
	last, field := tokens[len(tokens)-1], tokens[len(tokens)-2]
	return !last.quoted && isOperator(last.text) && fieldPattern.MatchString(field.text)
}

func isOperator(text string) bool {
	switch text {
	case "=", "!=", "<", "<=", ">", ">=", ":", "eq", "ne":
		return true
	}
	return false
}

func startsTerm(tokens []token) bool {
	if len(tokens) == 0 {
		return true
	}
	switch last := tokens[len(tokens)-1]; last.text {
	case "(", "AND", "OR", "NOT":
		return !last.quoted
	}
	return false
}
