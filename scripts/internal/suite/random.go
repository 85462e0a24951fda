package suite

import (
	"math/rand/v2"
	"sync"
)

// lockedSource makes a source of randomness safe for the jobs, which run side
// by side.
type lockedSource struct {
	mu     sync.Mutex
	source rand.Source
}

// Uint64 implements rand.Source.
func (l *lockedSource) Uint64() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.Uint64()
}
