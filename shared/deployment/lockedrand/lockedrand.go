// Package lockedrand provides a rand.Rand that is safe for concurrent use,
// which one over the standard library's own sources is not.
package lockedrand

import (
	"math/rand/v2"
	"sync"
)

// New returns a generator over a source that nobody else uses.
func New(source rand.Source) *rand.Rand { return rand.New(&locked{source: source}) }

type locked struct {
	mu     sync.Mutex
	source rand.Source
}

func (l *locked) Uint64() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.Uint64()
}
