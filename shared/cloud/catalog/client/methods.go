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
	now     func() time.Time
	unknown sync.Map // time until which it is so, by methodAt
}

type methodAt struct{ server, method string }

// known reports whether the Machine Provider may have the method.
func (m *methods) known(server, method string) bool {
	until, unknown := m.unknown.Load(methodAt{server, method})
	return !unknown || !m.now().Before(until.(time.Time))
}

func (m *methods) forget(server, method string) {
	m.unknown.Store(methodAt{server, method}, m.now().Add(unknownFor))
}
