// Package rest is compute.Engine over Compute Engine's v1 REST API. It opens
// its connection with the first call, gives each call a deadline, keeps inside
// the request limit, waits for operations, and follows every list to its end.
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

// Options are an engine's surroundings. The zero value reaches Compute Engine
// with the application default credentials and without a request limit.
type Options struct {
	// HTTPClient sends the requests as it is, with whatever credentials its
	// transport adds; a simulation in the same process gives its own transport.
	HTTPClient *http.Client
	// Endpoint replaces https://compute.googleapis.com. Without an HTTPClient
	// it is asked without credentials: it is for local use.
	Endpoint string
	// RequestsPerMinute is how many requests of each method group may go to
	// each project within a minute; 0: no limit. Compute Engine counts by
	// project and method group as well.
	RequestsPerMinute int
	// CallTimeout is how long one request may take; 30 s when zero.
	CallTimeout time.Duration

	// Now is the clock of the request limit; time.Now when nil.
	Now func() time.Time
	// Sleep waits for d or until ctx ends; a timer when nil.
	Sleep func(ctx context.Context, d time.Duration) error
	// Rand gives the jitter of a second try, in [0, 1). It must be safe for
	// concurrent use; the process's random source when nil.
	Rand func() float64
}

// Engine is compute.Engine. It is safe for concurrent use.
type Engine struct {
	options Options
	limits  *limits

	mu     sync.Mutex
	opened *opened
}

var _ compute.Engine = (*Engine)(nil)

// New makes an engine; nothing is opened before the first call.
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
