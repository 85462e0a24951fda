package broker

import (
	"context"
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// coalescer commits single writes of many callers together: while one commit
// is under way, the writes that come are gathered for the next.
type coalescer struct {
	commit func(context.Context, [][]store.Write) []outcome
	turn   chan struct{} // held while a commit is under way

	mu   sync.Mutex
	next *batch
}

// batch is the writes that are gathered.
type batch struct {
	groups   [][]store.Write
	outcomes []outcome
	done     chan struct{}
}

// add commits writes, each by itself, and returns when it is done, with what
// came of each.
func (c *coalescer) add(ctx context.Context, writes ...store.Write) ([]outcome, error) {
	mine, from := c.gather(writes)
	select {
	case <-mine.done:
	case c.turn <- struct{}{}:
		c.flush(ctx, mine)
		<-c.turn
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return mine.outcomes[from : from+len(writes)], nil
}

func (c *coalescer) gather(writes []store.Write) (*batch, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = &batch{done: make(chan struct{})}
	}
	from := len(c.next.groups)
	for _, write := range writes {
		c.next.groups = append(c.next.groups, []store.Write{write})
	}
	return c.next, from
}

// flush commits a batch, unless whoever had the turn before did.
func (c *coalescer) flush(ctx context.Context, mine *batch) {
	c.mu.Lock()
	if c.next != mine {
		c.mu.Unlock()
		return
	}
	c.next = nil
	c.mu.Unlock()
	// Others wait for this commit: it does not end with this caller's context.
	mine.outcomes = c.commit(context.WithoutCancel(ctx), mine.groups)
	close(mine.done)
}
