package simulator

import (
	"container/heap"
	"context"
	"time"
)

// event is something that happens at a time; seq keeps those of one instant in
// the order in which they were planned.
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

// after plans f; the caller holds the lock.
func (c *Cloud) after(d time.Duration, f func()) {
	c.sequence++
	heap.Push(&c.events, event{at: c.clock.Add(max(d, 0)), seq: c.sequence, run: f})
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// advance lets happen what is due. Each event sees its own time as the clock, so
// that a late Advance leaves the same timestamps as a punctual one.
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

// Advance carries the state forward to now and delivers the audit messages of
// what happened.
func (c *Cloud) Advance() { c.locked(func() {}) }

// NextEvent tells when something will happen next by itself; false when nothing
// is under way.
func (c *Cloud) NextEvent() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.events) == 0 {
		return time.Time{}, false
	}
	return c.events[0].at, true
}

// Run advances the state whenever something is due, until ctx ends. A server in
// real time runs it so that audit messages come without a request; with a
// controlled clock call Advance instead.
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

// sleepUntil returns at t, or earlier when something new was planned.
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
