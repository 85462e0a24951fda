package gate

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// Listener is a TCP listener on the loopback interface whose connections can go
// silent, as after a middlebox has dropped its state: they stay open, but no
// data passes in either direction.
type Listener struct {
	net.Listener

	mu   sync.Mutex
	open map[*connection]struct{}
}

// Listen listens on a free port.
func Listen(ctx context.Context) (*Listener, error) {
	var config net.ListenConfig
	inner, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return &Listener{Listener: inner, open: map[*connection]struct{}{}}, nil
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: inner, listener: l, silent: make(chan struct{}), closed: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	return c, nil
}

// Silence makes all connections that are open now silent for good and returns
// how many there were. Later connections work.
func (l *Listener) Silence() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := len(l.open)
	for c := range l.open {
		close(c.silent)
		delete(l.open, c)
	}
	return count
}

// connection is a connection that can go silent.
type connection struct {
	net.Conn
	listener *Listener
	silent   chan struct{}
	once     sync.Once
	closed   chan struct{}
}

func (c *connection) isSilent() bool {
	select {
	case <-c.silent:
		return true
	default:
		return false
	}
}

// Read reads from the connection. On a silent connection it drops what arrives,
// and waits until the connection is closed.
func (c *connection) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	if !c.isSilent() {
		return n, err
	}
	<-c.closed
	return 0, net.ErrClosed
}

// Write writes to the connection. On a silent connection it only pretends to.
func (c *connection) Write(data []byte) (int, error) {
	if c.isSilent() {
		return len(data), nil
	}
	return c.Conn.Write(data)
}

// Close closes the connection.
func (c *connection) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.listener.mu.Lock()
	delete(c.listener.open, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
