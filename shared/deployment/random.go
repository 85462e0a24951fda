package deployment

import (
	"math/rand/v2"
	"sync"
)

// locked is a source of randomness for several runs at once.
type locked struct {
	mu     sync.Mutex
	source rand.Source
}

func (l *locked) Uint64() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.Uint64()
}
