package simulator

import (
	"container/heap"
	"context"
	"time"
)

// event is a function to run at a time. Events at the same time run in the order
// of seq.
type event struct {
	at  time.Time
	seq uint64
	run func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = event{}
	*h = (*h)[:last]
	return e
}

// after plans f to run after d. The caller holds the lock.
func (c *Cloud) after(d time.Duration, f func()) {
	c.sequence++
	heap.Push(&c.events, event{at: c.clock.Add(max(d, 0)), seq: c.sequence, run: f})
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// advance runs the events that are due. Each event sees its own time as the clock,
// so timestamps do not depend on when Advance is called.
func (c *Cloud) advance() {
	now := c.opts.Now()
	for len(c.events) > 0 && !c.events[0].at.After(now) {
		e := heap.Pop(&c.events).(event)
		if e.at.After(c.clock) {
			c.clock = e.at
		}
		e.run()
	}
	if now.After(c.clock) {
		c.clock = now
	}
}

// Advance brings the state up to now and delivers the audit messages.
func (c *Cloud) Advance() { c.locked(func() {}) }

// NextEvent returns the time of the next planned event; false if there is none.
func (c *Cloud) NextEvent() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.events) == 0 {
		return time.Time{}, false
	}
	return c.events[0].at, true
}

// Run advances the state whenever an event is due, until ctx ends. A server in real
// time runs it so that audit messages come without a request. With a controlled
// clock, call Advance instead.
func (c *Cloud) Run(ctx context.Context) {
	for ctx.Err() == nil {
		c.Advance()
		next, ok := c.NextEvent()
		if !ok {
			select {
			case <-ctx.Done():
			case <-c.wake:
			}
			continue
		}
		c.sleepUntil(ctx, next)
	}
}

// sleepUntil returns at t, or earlier when another event is planned.
func (c *Cloud) sleepUntil(ctx context.Context, t time.Time) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slept := make(chan struct{})
	go func() {
		defer close(slept)
		_ = c.opts.Sleep(ctx, max(t.Sub(c.opts.Now()), 0))
	}()
	select {
	case <-slept:
	case <-c.wake:
		cancel()
		<-slept
	}
}
