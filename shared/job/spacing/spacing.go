// Package spacing limits how often something is done for each of many keys, so
// that no document is written more often than Firestore allows, about once a
// second, and the total number of requests stays bounded.
package spacing

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit gives turns to each key, such as a group that is fetched for each
// message about one of its VMs: up to Burst turns at once, and then one turn
// in each Every.
type Limit struct {
	Every time.Duration
	Burst int
	// PerMinute is shared by the keys that had a turn within the last minute: the
	// more there are, the longer each waits, and the smaller are their bursts. 0
	// means that keys do not share anything.
	PerMinute int

	mu   sync.Mutex
	keys map[string]*turns
}

type turns struct {
	limiter *rate.Limiter
	last    time.Time
}

// Take reserves the key's next turn and returns the time until then.
func (l *Limit) Take(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = map[string]*turns{}
	}
	mine := l.keys[key]
	if mine == nil {
		mine = &turns{limiter: rate.NewLimiter(rate.Every(l.Every), l.Burst)}
		l.keys[key] = mine
	}
	mine.last = now
	if l.PerMinute > 0 {
		l.share(mine.limiter, now)
	}
	return mine.limiter.ReserveN(now, 1).DelayFrom(now)
}

// share gives a key its part of PerMinute.
func (l *Limit) share(limiter *rate.Limiter, now time.Time) {
	busy := 0
	for _, each := range l.keys {
		if now.Sub(each.last) < time.Minute {
			busy++
		}
	}
	limiter.SetLimitAt(now, rate.Every(max(l.Every, time.Minute*time.Duration(busy)/time.Duration(l.PerMinute))))
	limiter.SetBurstAt(now, max(1, min(l.Burst, l.PerMinute/busy)))
}
