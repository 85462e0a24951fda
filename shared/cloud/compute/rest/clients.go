package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	gce "cloud.google.com/go/compute/apiv1"
	"google.golang.org/api/option"
	httptransport "google.golang.org/api/transport/http"
)

// scope limits what the engine may do with the service account's rights.
const scope = "https://www.googleapis.com/auth/compute"

// opened holds the library's clients for all calls except lists.
type opened struct {
	base       *http.Client
	endpoint   []option.ClientOption
	templates  *gce.InstanceTemplatesClient
	groups     *gce.InstanceGroupManagersClient
	global     *gce.GlobalOperationsClient
	zoneScoped *gce.ZoneOperationsClient
}

// clients opens the library's clients at the first call, so that a cold start
// that never calls Compute Engine costs nothing. A failure is not cached, so
// that one failure of the metadata server does not have lasting effects.
func (e *Engine) clients() (*opened, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.opened != nil {
		return e.opened, nil
	}
	o, err := open(e.options)
	if err != nil {
		return nil, fmt.Errorf("open the Compute Engine clients: %w", err)
	}
	e.opened = o
	return o, nil
}

func open(options Options) (*opened, error) {
	base, err := baseClient(options)
	if err != nil {
		return nil, err
	}
	o := &opened{base: base}
	if options.Endpoint != "" {
		o.endpoint = []option.ClientOption{option.WithEndpoint(options.Endpoint)}
	}
	with := o.with(base)
	ctx := context.Background()
	var errs [4]error
	o.templates, errs[0] = gce.NewInstanceTemplatesRESTClient(ctx, with...)
	o.groups, errs[1] = gce.NewInstanceGroupManagersRESTClient(ctx, with...)
	o.global, errs[2] = gce.NewGlobalOperationsRESTClient(ctx, with...)
	o.zoneScoped, errs[3] = gce.NewZoneOperationsRESTClient(ctx, with...)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	// The library would try again for as long as the context lives, past the
	// request limit. The engine decides that itself.
	o.templates.CallOptions = &gce.InstanceTemplatesCallOptions{}
	o.groups.CallOptions = &gce.InstanceGroupManagersCallOptions{}
	o.global.CallOptions = &gce.GlobalOperationsCallOptions{}
	o.zoneScoped.CallOptions = &gce.ZoneOperationsCallOptions{}
	return o, nil
}

func baseClient(options Options) (*http.Client, error) {
	switch {
	case options.HTTPClient != nil:
		return options.HTTPClient, nil
	case options.Endpoint != "":
		return &http.Client{}, nil
	}
	client, _, err := httptransport.NewClient(context.Background(), option.WithScopes(scope))
	return client, err
}

func (o *opened) with(client *http.Client) []option.ClientOption {
	return append([]option.ClientOption{option.WithHTTPClient(client)}, o.endpoint...)
}

// listing returns the options of a client for one page of a list. The library's
// list calls drop the context before they send the request, so the client's
// transport restores it.
func (o *opened) listing(ctx context.Context) []option.ClientOption {
	bound := *o.base
	bound.Transport = within{ctx: ctx, base: o.base.Transport}
	return o.with(&bound)
}

// within is a transport that sends each request in a context.
type within struct {
	ctx  context.Context // lives for one page
	base http.RoundTripper
}

func (t within) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	return base.RoundTrip(r.WithContext(t.ctx))
}
