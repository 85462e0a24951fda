// Package client implements catalog.Catalog over HTTP. It needs only the calls
// that LUCI's Machine Provider has (get, add_machines, delete_machine), and
// uses our batched calls if the server has them.
package client

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog"
)

// Options configure a client. Base and Token are required.
type Options struct {
	// Base returns the Machine Provider's URL, without /_ah/api. It is called
	// before each request, because the URL may change.
	Base func(ctx context.Context) (string, error)
	// Token returns the bearer token for a Machine Provider at that URL.
	Token func(ctx context.Context, audience string) (string, error)
	// HTTPClient sends the requests; nil means a client of its own.
	HTTPClient *http.Client
	// Timeout bounds one request; 0 means 30 s.
	Timeout time.Duration
	// Batch is the maximum number of machines in one request; 0 means 250.
	// Concurrency is the number of concurrent requests to a Machine Provider
	// without batches; 0 means 8.
	Batch, Concurrency int
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
}

// Client implements catalog.Catalog. It is safe for concurrent use.
type Client struct {
	options Options
	http    *http.Client
	unknown sync.Map // until when a method is known to be missing: time.Time by methodAt
}

type methodAt struct{ server, method string }

var _ catalog.Catalog = (*Client)(nil)

// New makes a client; it opens no connection before the first call.
func New(options Options) *Client {
	options.Timeout = cmp.Or(options.Timeout, 30*time.Second)
	options.Batch = cmp.Or(options.Batch, 250)
	options.Concurrency = cmp.Or(options.Concurrency, 8)
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.HTTPClient == nil {
		options.HTTPClient = &http.Client{}
	}
	sender := *options.HTTPClient
	// A redirect would send the token and the machines to the server that it
	// names.
	sender.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{options: options, http: &sender}
}

// server returns the current URL of the Machine Provider.
func (c *Client) server(ctx context.Context) (string, error) {
	base, err := c.options.Base(ctx)
	if err != nil {
		return "", err
	}
	if base == "" {
		return "", errNoServer
	}
	return strings.TrimRight(base, "/"), nil // it is the token's audience as well
}

var errNoServer = errors.New("no Machine Provider is configured: mp_server in settings.cfg and MACHINE_PROVIDER_URL are empty")
