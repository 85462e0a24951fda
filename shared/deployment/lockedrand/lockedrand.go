// Package lockedrand is randomness for several runs at once; that of the
// standard library's own sources is for one.
package lockedrand

import (
	"math/rand/v2"
	"sync"
)

// New makes randomness of a source that only it uses.
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
