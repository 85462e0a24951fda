package suite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// preferredPort is the port of the functions if no other is requested.
const preferredPort = 8080

// ports hands out the ports of the suite's servers on 127.0.0.1.
type ports struct{ functions, next int }

// choosePort chooses the port of the functions: the requested one, or the
// preferred one if it is free, or any.
func (s *Suite) choosePort(ctx context.Context) error {
	port := cmp.Or(s.opts.Port, preferredPort)
	listener, err := listen(ctx, port)
	switch {
	case err == nil:
		s.ports = ports{functions: port, next: port + 1}
		return listener.Close()
	case s.opts.Port != 0:
		return fmt.Errorf("use port %d for the functions: %w", port, err)
	}
	return nil
}

// listen opens the next port, or any.
func (p *ports) listen(ctx context.Context) (net.Listener, error) {
	if p.next != 0 {
		p.next++
		if listener, err := listen(ctx, p.next-1); err == nil {
			return listener, nil
		}
	}
	return listen(ctx, 0)
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// serve serves a handler on a port of its own until the suite stops.
func (s *Suite) serve(ctx context.Context, what string, handler http.Handler) (string, error) {
	listener, err := s.ports.listen(ctx)
	if err != nil {
		return "", fmt.Errorf("serve %s: %w", what, err)
	}
	// Responses have no time limit: operations.wait takes up to minutes.
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slogError(s.opts.Log)}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.opts.Log.Error("a server ended: "+err.Error(), "server", what)
		}
	}()
	s.onStop(func(ctx context.Context) {
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // connections that are still open are cut off
		}
	})
	return "http://" + listener.Addr().String(), nil
}
