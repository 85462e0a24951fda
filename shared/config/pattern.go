package config

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first needed:
// every function's process has this package, and only import-config validates.
type pattern struct{ compiled func() *regexp.Regexp }

func newPattern(text string) pattern {
	return pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })}
}

// MatchString reports whether the text matches.
func (p pattern) MatchString(text string) bool { return p.compiled().MatchString(text) }

// FindStringSubmatch finds the first match and its groups; nil: none.
func (p pattern) FindStringSubmatch(text string) []string {
	return p.compiled().FindStringSubmatch(text)
}
