package world

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/catalog/client"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/access"
)

// providerTransport carries requests to the Machine Provider. Each is served by
// a task of its own: the caller may be killed while the request is served, and
// vice versa.
type providerTransport struct{ world *World }

// RoundTrip serves a request.
func (p providerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := p.world
	body, _ := io.ReadAll(r.Body) // the body is in memory
	what := func() string { return fmt.Sprintf("%s %.400s", r.URL.Path, body) }
	return gated(r.Context(), w, what, func() (*http.Response, error) {
		if answer, err := w.providerFault(); answer != nil || err != nil {
			return answer, err
		}
		return w.serve(r, body)
	})
}

func (w *World) serve(r *http.Request, body []byte) (*http.Response, error) {
	caller := w.tasks.current
	recorder := httptest.NewRecorder()
	request := r.Clone(context.Background())
	request.Body = io.NopCloser(bytes.NewReader(body))
	answered, crashed := false, false
	name := provider + "." + r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	w.spawn(name, func(ctx context.Context) error {
		w.provider().ServeHTTP(recorder, request.WithContext(ctx))
		return nil
	}, func(err error) {
		answered, crashed = true, err != nil
		w.wake(caller)
	})
	if deadline := w.limitOf(r.Context(), caller); !deadline.IsZero() {
		w.After(deadline.Sub(w.clock), func() {
			if !answered {
				w.wake(caller)
			}
		})
	}
	for !answered && !caller.killed && !w.expired(r.Context()) {
		w.suspend(caller)
	}
	switch {
	case caller.killed:
		return nil, errKilled
	case !answered:
		return nil, context.DeadlineExceeded
	case crashed:
		return nil, errReset
	}
	response := recorder.Result()
	w.note("answered: %s", func() string { return fmt.Sprintf("%s %.400s", response.Status, recorder.Body.String()) })
	return response, nil
}

// provider makes a Machine Provider for one call.
func (w *World) provider() http.Handler {
	return w.suite.MachineProvider(MachineProvider{
		Store: documents{w}, Publish: publisher{w}, Settings: settings{}, Limits: leasing.DefaultLimits,
		Now: func() time.Time { return w.clock.Add(w.fault.providerApart) }, Rand: w.rand, Log: w.log.With("job", provider),
	})
}

// settings grant the world's identities their roles.
type settings struct{}

func (settings) Settings(context.Context) (access.Settings, error) {
	return access.Settings{
		Lessees: []string{Lessee}, Administrators: []string{"admin@example.com"},
		Backends: map[string][]string{"GCE": {Backend}}, Limits: leasing.DefaultLimits(),
	}, nil
}

// catalog is the Machine Provider as the jobs see it.
func (w *World) catalog(skewed func() time.Time) *client.Client {
	return client.New(client.Options{
		Base:       func(context.Context) (string, error) { return "http://provider.test", nil },
		Token:      identity.LocalToken(Backend),
		HTTPClient: &http.Client{Transport: providerTransport{w}},
		// One request at a time, so that the world decides the order.
		Concurrency: 1, Now: skewed,
	})
}
