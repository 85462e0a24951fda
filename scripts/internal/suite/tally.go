package suite

import (
	"context"
	"maps"
	"sync"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
)

// tally counts things by name.
type tally struct {
	mu     sync.Mutex
	byName map[string]int
}

func (t *tally) add(name string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName == nil {
		t.byName = map[string]int{}
	}
	t.byName[name] += n
}

func (t *tally) counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.byName)
}

// counted counts the messages that are published.
type counted struct {
	messages
	published *tally
}

// Publish implements event.Publisher.
func (c counted) Publish(ctx context.Context, to event.Topic, published ...event.Message) error {
	c.published.add(to.Name, len(published))
	return c.messages.Publish(ctx, to, published...)
}
