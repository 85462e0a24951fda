package filter

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

type comparison struct {
	path     []string
	operator string
	value    string
	pattern  *regexp.Regexp // for eq, ne and values with *
}

func newComparison(field string, operator token, value string) (Expression, error) {
	c := comparison{path: strings.Split(field, "."), operator: operator.text, value: value}
	if operator.quoted || !isOperator(operator.text) {
		return nil, fmt.Errorf("%q is not an operator", operator.text)
	}
	expression := ""
	switch {
	case operator.text == "eq" || operator.text == "ne":
		expression = value
	case strings.Contains(value, "*"):
		expression = strings.ReplaceAll(regexp.QuoteMeta(value), `\*`, ".*")
	default:
		return c, nil
	}
	var err error
	if c.pattern, err = regexp.Compile("^(?:" + expression + ")$"); err != nil {
		return nil, fmt.Errorf("value %q: %w", value, err)
	}
	return c, nil
}

func (c comparison) Match(resource map[string]any) bool {
	values := lookUp(resource, c.path)
	if c.operator == "!=" || c.operator == "ne" {
		for _, v := range values {
			if c.equal(v) {
				return false
			}
		}
		return true
	}
	for _, v := range values {
		if c.holds(v) {
			return true
		}
	}
	return false
}

func (c comparison) holds(v string) bool {
	switch c.operator {
	case ":":
		if c.pattern != nil {
			return c.pattern.MatchString(v)
		}
		return strings.Contains(strings.ToLower(v), strings.ToLower(c.value))
	case "=", "eq":
		return c.equal(v)
	}
	n := order(v, c.value)
	switch c.operator {
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	default:
		return n >= 0
	}
}

func (c comparison) equal(v string) bool {
	if c.pattern != nil {
		return c.pattern.MatchString(v)
	}
	return v == c.value || order(v, c.value) == 0
}

// order compares two values as times or as numbers if both are, and otherwise as
// text.
func order(a, b string) int {
	if x, err := time.Parse(time.RFC3339, a); err == nil {
		if y, err := time.Parse(time.RFC3339, b); err == nil {
			return x.Compare(y)
		}
	}
	if x, err := strconv.ParseFloat(a, 64); err == nil {
		if y, err := strconv.ParseFloat(b, 64); err == nil && (x < y || x > y) {
			if x < y {
				return -1
			}
			return 1
		}
	}
	return strings.Compare(a, b)
}

// lookUp returns the values at a path, including those in lists; none if it is
// absent.
func lookUp(v any, path []string) []string {
	switch v := v.(type) {
	case map[string]any:
		if len(path) == 0 {
			return nil
		}
		return lookUp(v[path[0]], path[1:])
	case map[string]string:
		if s, ok := v[strings.Join(path, ".")]; ok {
			return []string{s}
		}
		return nil
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, lookUp(item, path)...)
		}
		return all
	case []string:
		if len(path) > 0 {
			return nil
		}
		return v
	case []map[string]any:
		var all []string
		for _, item := range v {
			all = append(all, lookUp(item, path)...)
		}
		return all
	}
	if len(path) > 0 || v == nil {
		return nil
	}
	return []string{scalar(v)}
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}
