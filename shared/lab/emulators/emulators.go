// Package emulators starts the Google Cloud SDK's emulators of Firestore and
// Pub/Sub, for the local suite and for tests. They end with the process that
// started them.
package emulators

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"
)

// ErrMissing is wrapped by errors about an emulator, or Java, that is not
// installed. Those errors say how to install it.
var ErrMissing = errors.New("not installed")

const (
	// readyTimeout is generous: two seconds are usual, but a busy machine takes
	// longer.
	readyTimeout = 60 * time.Second
	pollTimeout  = 2 * time.Second
	pollEvery    = 50 * time.Millisecond
	// attempts is how many ports are tried: another process may take one first.
	attempts = 3
)

// Emulator is a running emulator.
type Emulator struct {
	// Host is the address that it listens on, as host:port.
	Host    string
	process *process
}

// Stop ends the emulator and waits until it is gone.
func (e *Emulator) Stop() { e.process.stop() }

// Done is closed when the emulator has ended, for whatever reason.
func (e *Emulator) Done() <-chan struct{} { return e.process.done }

// Start starts an emulator and waits until it answers. It ends with the context,
// with Stop, or with this process.
func Start(ctx context.Context, kind Kind) (*Emulator, error) {
	java, err := findJava()
	jar := ""
	if err == nil {
		jar, err = kind.find()
	}
	if err != nil {
		return nil, fmt.Errorf("start the %s emulator: %w", kind.title, err)
	}
	for attempt := 1; ; attempt++ {
		emulator, err := launch(ctx, java, kind, jar)
		if err == nil {
			return emulator, nil
		}
		if ctx.Err() != nil || attempt == attempts {
			return nil, fmt.Errorf("start the %s emulator: %w", kind.title, err)
		}
	}
}

func launch(ctx context.Context, java string, kind Kind, jar string) (*Emulator, error) {
	port, err := FreePort(ctx)
	if err != nil {
		return nil, err
	}
	arguments := append(kind.arguments(jar), "--host=127.0.0.1", "--port="+strconv.Itoa(port))
	process, err := spawn(ctx, java, arguments, filepath.Dir(jar))
	if err != nil {
		return nil, err
	}
	emulator := &Emulator{Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), process: process}
	if err := emulator.ready(ctx); err != nil {
		emulator.Stop()
		return nil, fmt.Errorf("%w; it printed:\n%s", err, process.tail.String())
	}
	return emulator, nil
}

// ready waits until the emulator answers 200 at its root.
func (e *Emulator) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if Answers(ctx, "http://"+e.Host+"/", pollTimeout) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer at %s: %w", e.Host, ctx.Err())
		case <-e.process.done:
			if e.process.err != nil {
				return fmt.Errorf("it ended at once: %w", e.process.err)
			}
			return errors.New("it ended at once")
		case <-tick.C:
		}
	}
}

// Answers reports whether a server answers 200 at a URL within a time limit.
func Answers(ctx context.Context, url string, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// FreePort returns a port of 127.0.0.1 that is free at the moment; another
// process may take it before the caller does.
func FreePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}
