// Package machineprovider is the HTTP function machine-provider: the catalog,
// machine and lease API of the Machine Provider, as JSON under
// /_ah/api/<api>/v1/<method>. It decides who may call what, and
// translates between the API and shared/leasing/broker, which does the work.
package machineprovider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/access"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
)

// Name is the function's name.
const Name = "machine-provider"

const (
	// root is the beginning of every method's path, after the function's own path.
	root = "/_ah/api/"
	// maxBody bounds the size of a request's body, in bytes.
	maxBody = 10 << 20
	// callTimeout bounds a call, below the function's 60 s.
	callTimeout = 55 * time.Second
	// batchTimeout is the time after which a batched call begins no further
	// request.
	batchTimeout = 30 * time.Second
	// maxBatch bounds the number of entries in each list of a request.
	maxBatch = 1000
)

// Dependencies are passed to New.
type Dependencies struct {
	Store   store.Store
	Publish event.Publisher
	// Settings is the source of the callers' roles; nil: the imported
	// settings.cfg.
	Settings access.Source
	// Limits returns the limits of leases; nil: those of the imported
	// settings.cfg.
	Limits func() leasing.Limits
	Now    func() time.Time
	Rand   *rand.Rand
	Log    *slog.Logger
	Verify identity.Verifier
	// Project is the project of topics that name none.
	Project string
}

// api is the function's handler.
type api struct {
	Dependencies
	broker  *broker.Broker
	methods map[string]method
}

// New returns the function's handler.
func New(deps Dependencies) http.Handler {
	cached := access.NewCached(deps.Store, deps.Now)
	if deps.Settings == nil {
		deps.Settings = cached
	}
	if deps.Limits == nil {
		deps.Limits = cached.Limits
	}
	a := &api{Dependencies: deps, broker: broker.New(broker.Options{
		Store: deps.Store, Publisher: deps.Publish, Now: deps.Now, Rand: deps.Rand,
		Log: deps.Log, Project: deps.Project, Limits: deps.Limits,
	})}
	a.methods = a.allMethods()
	return a
}

// ServeHTTP answers one call.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer a.survive(w, r)
	body, err := a.call(w, r)
	switch {
	case err != nil:
		a.fail(w, r, err)
	case body == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		write(w, http.StatusOK, body)
	}
}

// survive answers a call whose method panicked.
func (a *api) survive(w http.ResponseWriter, r *http.Request) {
	if recovered := recover(); recovered != nil {
		a.Log.Error("panic", "stack", string(debug.Stack()))
		a.fail(w, r, fmt.Errorf("panic: %v", recovered))
	}
}

func (a *api) call(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	_, name, ok := strings.Cut(r.URL.Path, root)
	method, known := a.methods[name]
	if !ok || !known {
		return nil, notFound("there is no method %.100q", r.URL.Path)
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, &callError{code: http.StatusMethodNotAllowed, reason: "httpMethodNotAllowed", message: "methods are called with POST"}
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	caller, err := a.identify(ctx, r)
	if err != nil {
		return nil, err
	}
	if !method.allowed(caller) {
		return nil, forbidden("%s may not call %s", caller.email, name)
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	return method.serve(ctx, caller, body)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, badRequest("the body has more than %d bytes", maxBody)
	}
	if err != nil {
		return nil, badRequest("the body is incomplete: %w", err)
	}
	return body, nil
}
