// Package spacing spaces what is done again and again for one thing, so that
// none of its documents is written more often than Firestore takes.
package spacing

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit spaces what is done for each key, such as a look at a group for each
// message about one of its VMs: Burst of it may come at once, and from then on
// one in each Every. It does not matter how many other keys there are; job.Pace
// is for that. A document takes about a write a second.
type Limit struct {
	Every time.Duration
	Burst int

	mu     sync.Mutex
	limits map[string]*rate.Limiter // by key
}

// Take takes the key's next turn, and answers how long it is until then.
func (l *Limit) Take(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limits == nil {
		l.limits = map[string]*rate.Limiter{}
	}
	limit := l.limits[key]
	if limit == nil {
		limit = rate.NewLimiter(rate.Every(l.Every), l.Burst)
		l.limits[key] = limit
	}
	return limit.ReserveN(now, 1).DelayFrom(now)
}
