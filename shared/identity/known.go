package identity

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// verifiedFor is how long a verified token is believed without asking
	// again, at most.
	verifiedFor = 5 * time.Minute
	// maxVerified bounds what is remembered.
	maxVerified = 10_000
)

// verified remembers tokens, by their hashes.
type verified struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[[sha256.Size]byte]remembered
}

type remembered struct {
	identity Identity
	until    time.Time
}

func (v *verified) known(token string) (Identity, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	known := v.by[sha256.Sum256([]byte(token))]
	return known.identity, v.now().Before(known.until)
}

func (v *verified) remember(token string, of Identity, expires time.Time) {
	until := v.now().Add(verifiedFor)
	if expires.Before(until) {
		until = expires
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.by == nil || len(v.by) >= maxVerified {
		v.by = map[[sha256.Size]byte]remembered{}
	}
	v.by[sha256.Sum256([]byte(token))] = remembered{of, until}
}
