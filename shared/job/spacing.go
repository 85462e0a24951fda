package job

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Spacing keeps what is done again and again for one key, such as a look at a
// group for each message about one of its VMs, from writing a document more
// often than Firestore takes, about once a second: Burst of it may come at
// once, and from then on one in each Every. It does not matter how many other
// keys there are; Pace is for that.
type Spacing struct {
	Every time.Duration
	Burst int

	mu    sync.Mutex
	limit map[string]*rate.Limiter // by key
}

// Take takes the key's next turn, and answers how long it is until then.
func (s *Spacing) Take(key string, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit == nil {
		s.limit = map[string]*rate.Limiter{}
	}
	limit := s.limit[key]
	if limit == nil {
		limit = rate.NewLimiter(rate.Every(s.Every), s.Burst)
		s.limit[key] = limit
	}
	return limit.ReserveN(now, 1).DelayFrom(now)
}
