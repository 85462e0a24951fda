// Package client is catalog.Catalog over HTTP to a Machine Provider. It needs
// only the calls that LUCI's has (get, add_machines, delete_machine) and uses
// the batched ones of ours where there are such.
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

// Options are a client's surroundings. Base and Token are required.
type Options struct {
	// Base returns the Machine Provider's URL, up to /_ah/api. It is asked
	// before each call, so that the URL may change.
	Base func(ctx context.Context) (string, error)
	// Token returns the bearer token for a Machine Provider at that URL.
	Token func(ctx context.Context, audience string) (string, error)
	// HTTPClient sends the requests; one of its own when nil.
	HTTPClient *http.Client
	// Timeout is how long one request may take; 30 s when zero.
	Timeout time.Duration
	// Batch is the greatest number of machines in one request, 250 when zero;
	// Concurrency the number of requests at a time for a Machine Provider
	// without batches, 8 when zero.
	Batch, Concurrency int
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Client is catalog.Catalog. It is safe for concurrent use.
type Client struct {
	options Options
	http    *http.Client
	unknown sync.Map // until when a method is known to be missing: time.Time by methodAt
}

type methodAt struct{ server, method string }

var _ catalog.Catalog = (*Client)(nil)

// New makes a client; nothing is opened before the first call.
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
	// A redirect would hand the token and the machines to whoever it names.
	sender.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{options: options, http: &sender}
}

// server returns the URL of the Machine Provider, as it is at the moment.
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
