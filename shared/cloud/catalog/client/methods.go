package client

import (
	"sync"
	"time"
)

// unknownFor is how long a Machine Provider's lack of a method is remembered;
// then it is asked again, because it may have been updated.
const unknownFor = 10 * time.Minute

// methods remembers which methods a Machine Provider does not have.
type methods struct {
	now func() time.Time

	mu    sync.Mutex
	until map[methodAt]time.Time
}

type methodAt struct{ server, method string }

func (m *methods) known(server, method string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.now().Before(m.until[methodAt{server, method}])
}

func (m *methods) forget(server, method string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.until[methodAt{server, method}] = m.now().Add(unknownFor)
}
