package rest

import (
	"context"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// group is a group of methods that Compute Engine counts together.
type group string

// The groups, according to Compute Engine's rate quotas. listManagedInstances
// counts as a mutation.
const (
	mutations  group = "mutations"
	reads      group = "reads"
	heavyReads group = "heavy reads" // aggregatedList and operations.wait
)

// window is the time over which a group's requests are counted. Compute Engine
// counts per minute, and where its minutes begin is unknown: if any 60 seconds
// have at most the limit, so does each of its minutes. The additional second
// allows for requests that take different times to arrive.
const window = time.Minute + time.Second

// limits keeps the requests of each project and group within a number per
// minute. Requests wait for their turn in the order in which they arrive.
type limits struct {
	perMinute int
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error

	mu   sync.Mutex
	past map[quota][]time.Time // the last perMinute requests' times, the oldest first
}

type quota struct {
	project string
	group   group
}

func newLimits(perMinute int, now func() time.Time, sleep func(context.Context, time.Duration) error) *limits {
	return &limits{perMinute: perMinute, now: now, sleep: sleep, past: map[quota][]time.Time{}}
}

// wait returns when a request may be sent. If the context ends before that, it
// returns a quota error at once and takes no turn.
func (l *limits) wait(ctx context.Context, project string, of group) error {
	delay, err := l.reserve(ctx, project, of)
	if err != nil || delay <= 0 {
		return err
	}
	return l.sleep(ctx, delay)
}

func (l *limits) reserve(ctx context.Context, project string, of group) (time.Duration, error) {
	if err := ctx.Err(); err != nil || l.perMinute <= 0 {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := quota{project, of}
	past := l.past[key]
	now := l.now()
	at := now
	if len(past) == l.perMinute {
		if free := past[0].Add(window); free.After(now) {
			at = free
		}
		past = past[1:]
	}
	delay := at.Sub(now)
	// A context ends by the real clock, no matter which clock the limit uses.
	if deadline, ok := ctx.Deadline(); ok && delay > 0 && delay >= time.Until(deadline) {
		return 0, failure.New(failure.Quota, "the limit of %d %s a minute in project %s is used up for %s more",
			l.perMinute, of, project, delay.Round(time.Second))
	}
	l.past[key] = append(past, at)
	return delay, nil
}
