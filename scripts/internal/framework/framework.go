// Package framework serves the suite's functions behind the Functions
// Framework, as Cloud Functions does: each at /NAME, and at /NAME/… for a push
// whose path names the topic.
package framework

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"

	"github.com/gce-backend/gce-backend/shared/lab/emulators"
)

// Server serves the functions of the process. The framework's registry and its
// listeners are global and cannot be closed, so only one Server is open at a
// time; the listeners of earlier ones answer 503.
type Server struct {
	Address   string // host:port
	functions map[string]http.Handler
	open      sync.RWMutex // held for reading by requests of HTTP functions
}

var (
	registry sync.Mutex // guards what follows
	known    = map[string]bool{}
	serving  = map[string]bool{} // addresses
	current  atomic.Pointer[Server]
)

const (
	startTimeout = 10 * time.Second
	pollEvery    = 5 * time.Millisecond
)

// Serve registers the functions and serves them on 127.0.0.1; port 0 is a free
// port. It returns when they can be called. A handler sees paths without /NAME.
func Serve(ctx context.Context, port int, functions map[string]http.Handler) (*Server, error) {
	registry.Lock()
	defer registry.Unlock()
	if current.Load() != nil {
		return nil, errors.New("this process serves functions already")
	}
	server := &Server{functions: functions}
	for name := range functions {
		if err := register(ctx, name); err != nil {
			return nil, fmt.Errorf("register the function %s: %w", name, err)
		}
	}
	if err := server.listen(ctx, port); err != nil {
		return nil, err
	}
	current.Store(server)
	return server, nil
}

// Close removes the functions, and waits for the HTTP requests under way until
// ctx ends.
func (s *Server) Close(ctx context.Context) {
	current.CompareAndSwap(s, nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.open.Lock()   // waits for the readers; no reader can follow
		s.open.Unlock() //nolint:staticcheck // the wait was all
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// URL returns the base URL of the functions.
func (s *Server) URL() string { return "http://" + s.Address }

// register registers a function with the framework, once per process. The
// handler is looked up at each call.
func register(ctx context.Context, name string) error {
	if known[name] {
		return nil
	}
	known[name] = true
	return errors.Join(
		funcframework.RegisterHTTPFunctionContext(ctx, "/"+name, call(name)),
		funcframework.RegisterHTTPFunctionContext(ctx, "/"+name+"/", call(name)),
	)
}

var errClosed = errors.New("the suite is shutting down")

func call(name string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		server := current.Load()
		if server == nil || server.functions[name] == nil {
			http.Error(w, errClosed.Error(), http.StatusServiceUnavailable)
			return
		}
		server.open.RLock()
		defer server.open.RUnlock()
		http.StripPrefix("/"+name, server.functions[name]).ServeHTTP(w, r)
	}
}

// listen makes the framework serve. The framework opens the port itself, so a
// free one must be found beforehand.
func (s *Server) listen(ctx context.Context, port int) error {
	if port == 0 {
		var err error
		if port, err = emulators.FreePort(ctx); err != nil {
			return err
		}
	}
	s.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if serving[s.Address] {
		return nil
	}
	failed := make(chan error, 1)
	go func() { failed <- funcframework.StartHostPort("127.0.0.1", strconv.Itoa(port)) }()
	deadline := time.After(startTimeout)
	for {
		select {
		case err := <-failed:
			return fmt.Errorf("serve the functions on %s: %w", s.Address, err)
		case <-deadline:
			return fmt.Errorf("serve the functions on %s: no answer within %v", s.Address, startTimeout)
		case <-time.After(pollEvery):
		}
		if answers(ctx, s.Address) && len(failed) == 0 {
			serving[s.Address] = true
			return nil
		}
	}
}

func answers(ctx context.Context, address string) bool {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}
