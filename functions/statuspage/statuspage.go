// Package statuspage is the HTTP function status-page: the pools at a glance
// and what each waits for, the history of an instance, leases, recent errors of
// the jobs, and the fleet over the last day; for people as a page, for scripts
// as JSON at the same addresses. It only reads.
package statuspage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/leasing/access"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Name is the function's name.
const Name = "status-page"

// timeout bounds a request, below the function's 60 s.
const timeout = 50 * time.Second

// Dependencies are passed to New.
type Dependencies struct {
	Store store.Store
	Now   func() time.Time
	Log   *slog.Logger
	// Jobs are the names of the jobs whose errors are shown.
	Jobs []string
	// Verify verifies the caller's identity.
	Verify identity.Verifier
	// Settings is the source of who may look; nil: the imported settings.cfg.
	Settings access.Source
	// Anyone lets everybody look without an identity: for a server that only
	// this machine reaches.
	Anyone bool
}

// page is the function's handler.
type page struct {
	Dependencies
	records records.Records
	looks   broker.Looks
}

// New returns the function's handler.
func New(deps Dependencies) http.Handler {
	if deps.Settings == nil {
		deps.Settings = access.NewCached(deps.Store, deps.Now)
	}
	return &page{
		Dependencies: deps,
		records:      records.Records{Store: deps.Store, Log: deps.Log},
		looks:        broker.Looks{Store: deps.Store},
	}
}

// httpError is an error response.
type httpError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *httpError) Error() string { return e.Message }

var errNotFound = &httpError{http.StatusNotFound, "There is no such page, or not any more."}

// ServeHTTP answers one request.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if recovered := recover(); recovered != nil {
			p.Log.Error(fmt.Sprintf("panic: %v", recovered), "stack", string(debug.Stack()))
			p.fail(w, r, errors.New("panic"))
		}
	}()
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	v, err := p.view(ctx, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.answer(w, r, http.StatusOK, v)
}

// view returns what a request asks for. Only the query distinguishes pages, so
// that links work at every path that the function is served at.
func (p *page) view(ctx context.Context, r *http.Request) (view, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return view{}, &httpError{http.StatusMethodNotAllowed, "The page only reads: GET."}
	}
	if strings.Trim(r.URL.Path, "/") != "" {
		return view{}, errNotFound
	}
	if err := p.allow(ctx, r); err != nil {
		return view{}, err
	}
	query := r.URL.Query()
	switch {
	case query.Has("pool"):
		return p.group(ctx, query.Get("pool"), query.Get("state"), query.Get("after"))
	case query.Has("instance"):
		return p.instance(ctx, query.Get("instance"))
	case query.Has("leases"):
		return p.leases(ctx, query.Get("leases"), query.Get("after"))
	}
	return p.overview(ctx, query.Get("after"))
}

// allow returns an error for a caller who may not look.
func (p *page) allow(ctx context.Context, r *http.Request) error {
	if p.Anyone {
		return nil
	}
	email, err := identity.Authenticate(ctx, p.Verify, r)
	if errors.Is(err, identity.ErrUnverified) {
		return &httpError{http.StatusUnauthorized, "You must sign in. In a browser: gcloud run services proxy " + Name + "; in a script: Authorization: Bearer $(gcloud auth print-identity-token)."}
	}
	if err != nil {
		return fmt.Errorf("verify the caller: %w", err)
	}
	settings, err := p.Settings.Settings(ctx)
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	if !settings.Viewer(email) && !settings.Administrator(email) {
		return &httpError{http.StatusForbidden, email + " may not look: settings.cfg names who may, in catalog_viewers and catalog_administrators."}
	}
	return nil
}

// fail answers with an error. Our own faults are logged with their cause.
func (p *page) fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *httpError
	if failure.Is(err, failure.NotFound) { // the address names something that cannot exist
		known = errNotFound
	} else if !errors.As(err, &known) {
		p.Log.Error(err.Error(), "event", "CALL_FAILED", "error_class", string(failure.ClassOf(err)))
		known = &httpError{http.StatusInternalServerError, "It could not be read; the log says why."}
		if failure.Temporary(err) {
			known = &httpError{http.StatusServiceUnavailable, "It could not be read at the moment; try again."}
		}
	}
	if known.Code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+Name+`"`)
	}
	now := p.Now().UTC()
	p.answer(w, r, known.Code, view{"problem", http.StatusText(known.Code), now, &Problem{At: now, Problem: *known}})
}

// wantsJSON reports whether a request asks for JSON instead of a page.
func wantsJSON(r *http.Request) bool {
	if format := r.URL.Query().Get("format"); format != "" {
		return format == "json"
	}
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

func (p *page) answer(w http.ResponseWriter, r *http.Request, code int, v view) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept")
	header.Set("X-Content-Type-Options", "nosniff")
	body, contentType, err := []byte(nil), "application/json; charset=utf-8", error(nil)
	if wantsJSON(r) {
		body, err = json.MarshalIndent(v.content, "", "  ")
	} else {
		contentType = "text/html; charset=utf-8"
		header.Set("Content-Security-Policy", policy())
		header.Set("Referrer-Policy", "no-referrer")
		body, err = v.html(r.URL.Query())
	}
	if err != nil {
		p.Log.Error("write the page: "+err.Error(), "event", "CALL_FAILED")
		http.Error(w, "the page could not be written; the log says why", http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", contentType)
	w.WriteHeader(code)
	_, _ = w.Write(body) // the caller may be gone
}
