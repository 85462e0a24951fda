package deployment

import (
	"context"
	"sync"
)

// lazy makes something when it is first needed. A failure is not kept: what
// was unreachable at a cold start may be there for the next event.
type lazy[T any] struct {
	make func(context.Context) (T, error)

	mu   sync.Mutex
	done bool
	made T
}

func (l *lazy[T]) get(ctx context.Context) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return l.made, nil
	}
	made, err := l.make(ctx)
	if err == nil {
		l.made, l.done = made, true
	}
	return made, err
}
