package config

import (
	"regexp"
	"sync"
)

// lazily returns a regular expression that is compiled when it is first needed:
// every function's process includes this package, but only import-config
// validates.
func lazily(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
