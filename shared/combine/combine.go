// Package combine lets concurrent callers share work: items that arrive while
// all turns are taken are done together, in the next turn.
package combine

import (
	"context"
	"slices"
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// Combiner does the items of many callers in shared runs. A run begins after
// each of its callers has called Do. The zero Combiner is not usable; New makes
// one.
type Combiner[I, O any] struct {
	do    func(context.Context, []I) ([]O, error)
	turns chan struct{} // one is held by each run

	mu   sync.Mutex
	next *batch[I, O] // the items that wait for a turn
}

type batch[I, O any] struct {
	entries []*entry[I, O]
	err     error
	done    chan struct{}
}

type entry[I, O any] struct {
	item   I
	output O
}

// New makes a Combiner that has at most width runs under way at once. do
// returns one output per item, in order, or an error for all of them.
func New[I, O any](width int, do func(context.Context, []I) ([]O, error)) *Combiner[I, O] {
	return &Combiner[I, O]{do: do, turns: make(chan struct{}, width)}
}

var errPanicked = failure.New(failure.Permanent, "the run that was waited for panicked")

// Do does an item: at once if a turn is free, otherwise together with the other
// items that wait for a turn. A caller stops waiting if its context ends. A
// run that has begun goes on, because other callers may share it: its context
// has the values of one caller's context but is never cancelled.
func (c *Combiner[I, O]) Do(ctx context.Context, item I) (O, error) {
	var none O
	mine := &entry[I, O]{item: item}
	of := c.join(mine)
	select {
	case c.turns <- struct{}{}: // also if the context has ended already
		c.run(ctx, of)
	default:
		select {
		case c.turns <- struct{}{}:
			c.run(ctx, of)
		case <-of.done:
		case <-ctx.Done():
			c.leave(of, mine)
			return none, ctx.Err()
		}
	}
	select {
	case <-of.done:
		return mine.output, of.err
	default: // another caller has begun the run
	}
	select {
	case <-of.done:
		return mine.output, of.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

func (c *Combiner[I, O]) join(mine *entry[I, O]) *batch[I, O] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = &batch[I, O]{done: make(chan struct{})}
	}
	c.next.entries = append(c.next.entries, mine)
	return c.next
}

// leave takes an entry out of a batch that has not begun.
func (c *Combiner[I, O]) leave(of *batch[I, O], mine *entry[I, O]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != of {
		return
	}
	of.entries = slices.DeleteFunc(of.entries, func(e *entry[I, O]) bool { return e == mine })
	if len(of.entries) == 0 {
		c.next = nil
	}
}

// run does a batch, unless another caller has begun it, and gives the turn back.
func (c *Combiner[I, O]) run(ctx context.Context, of *batch[I, O]) {
	defer func() { <-c.turns }()
	c.mu.Lock()
	mine := c.next == of
	if mine {
		c.next = nil
	}
	c.mu.Unlock()
	if !mine {
		return
	}
	defer close(of.done)
	items := make([]I, len(of.entries))
	for i, e := range of.entries {
		items[i] = e.item
	}
	of.err = errPanicked // stays if do panics
	outputs, err := c.do(context.WithoutCancel(ctx), items)
	if of.err = err; err != nil {
		return
	}
	for i, e := range of.entries {
		e.output = outputs[i]
	}
}
