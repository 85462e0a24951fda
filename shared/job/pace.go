package job

import (
	"sync"
	"time"
)

// Pace spaces what is done again and again for each of many keys, such as a
// look at a group for each message about one of its VMs, so that all of it
// stays within a number per minute. As long as less than half of that was done
// within the last minute nothing waits; beyond, the keys share the other half.
type Pace struct {
	// PerMinute is the number; 0: no limit.
	PerMinute int
	Now       func() time.Time

	mu   sync.Mutex
	past []turn // of the last minute, the oldest first
}

type turn struct {
	key string
	at  time.Time
}

// Take takes the key's next turn, and answers how long it is until then.
func (p *Pace) Take(key string) time.Duration {
	if p.PerMinute <= 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	p.forget(now.Add(-time.Minute))
	at := now
	if half := p.PerMinute / 2; len(p.past) >= half {
		last, keys := p.look(key)
		spacing := time.Minute * time.Duration(keys) / time.Duration(max(p.PerMinute-half, 1))
		if next := last.Add(spacing); next.After(now) {
			at = next
		}
	}
	p.past = append(p.past, turn{key, at})
	return at.Sub(now)
}

// forget drops the turns before a time. Those that lie ahead may stand before
// earlier ones, and only stay a little longer for it.
func (p *Pace) forget(before time.Time) {
	n := 0
	for n < len(p.past) && p.past[n].at.Before(before) {
		n++
	}
	p.past = p.past[n:]
}

// look finds the last turn of a key, and how many keys there are with it.
func (p *Pace) look(key string) (last time.Time, keys int) {
	seen := map[string]bool{key: true}
	for _, turn := range p.past {
		seen[turn.key] = true
		if turn.key == key && turn.at.After(last) {
			last = turn.at
		}
	}
	return last, len(seen)
}
