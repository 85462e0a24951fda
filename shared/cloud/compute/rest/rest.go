// Package rest implements compute.Engine with Compute Engine's v1 REST API. It
// connects at the first call, gives each call a deadline, stays within the
// request limit, waits for operations, and reads every list to its end.
package rest

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/pause"
)

// Options configure an engine. The zero value uses Compute Engine with the
// application default credentials and without a request limit.
type Options struct {
	// HTTPClient sends the requests, with the credentials that its transport
	// adds, if any; a simulation in the same process passes its own transport.
	HTTPClient *http.Client
	// Endpoint replaces https://compute.googleapis.com. Without an HTTPClient
	// it is called without credentials, for local use.
	Endpoint string
	// RequestsPerMinute is how many requests of each method group may be sent
	// to each project within a minute; 0 means no limit. Compute Engine counts
	// by project and method group as well.
	RequestsPerMinute int
	// CallTimeout bounds one request; 0 means 30 s.
	CallTimeout time.Duration

	// Now returns the time for the request limit; nil means time.Now.
	Now func() time.Time
	// Sleep waits for d or until ctx ends; nil means a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Rand returns the jitter before a second attempt, in [0, 1). It must be
	// safe for concurrent use; nil means the process's random source.
	Rand func() float64
}

// Engine implements compute.Engine. It is safe for concurrent use.
type Engine struct {
	options Options
	limits  *limits

	mu     sync.Mutex
	opened *opened
}

var _ compute.Engine = (*Engine)(nil)

// New makes an engine; it opens no connection before the first call.
func New(options Options) *Engine {
	options.CallTimeout = cmp.Or(options.CallTimeout, 30*time.Second)
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Sleep == nil {
		options.Sleep = pause.For
	}
	if options.Rand == nil {
		options.Rand = rand.Float64
	}
	return &Engine{options: options, limits: newLimits(options.RequestsPerMinute, options.Now, options.Sleep)}
}
