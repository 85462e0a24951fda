package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// call is one request: which method of which project, on what, and how
// Compute Engine counts it.
type call struct {
	method  string // such as instanceTemplates.get
	target  string // the resource's name, for errors
	project string
	group   group
	timeout time.Duration // 0: Options.CallTimeout
	// once says that a failed request is not repeated here: it changes
	// something, and the next sweep is the second try.
	once bool
}

// do sends a request when the limit lets it, within its deadline. A read that
// met a server in trouble is repeated once.
func (e *Engine) do(ctx context.Context, c call, send func(context.Context, *opened) error) error {
	err := e.try(ctx, c, send)
	if err != nil && !c.once && inTrouble(err) && ctx.Err() == nil {
		pause := 200*time.Millisecond + time.Duration(e.options.Rand()*float64(400*time.Millisecond))
		if e.options.Sleep(ctx, pause) == nil {
			err = e.try(ctx, c, send)
		}
	}
	if err != nil {
		return &compute.CallError{Method: c.method, Target: c.target, Project: c.project, Code: codeOf(err), Err: withholding(err)}
	}
	return nil
}

// codeOf is the reason that Compute Engine gives, or the status where it gives
// none.
func codeOf(err error) string {
	var api *googleapi.Error
	switch {
	case !errors.As(err, &api):
		return compute.NoAnswer
	case len(api.Errors) > 0 && api.Errors[0].Reason != "":
		return api.Errors[0].Reason
	}
	return http.StatusText(api.Code)
}

func (e *Engine) try(ctx context.Context, c call, send func(context.Context, *opened) error) error {
	clients, err := e.clients.get()
	if err != nil {
		return err
	}
	if err := e.limits.wait(ctx, c.project, c.group); err != nil {
		return err
	}
	timeout := c.timeout
	if timeout == 0 {
		timeout = e.options.CallTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return classify(send(ctx, clients))
}

// classify gives an error its class where failure cannot see it.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var api *googleapi.Error
	switch {
	case !errors.As(err, &api):
		// No answer, or half of one. Whether the request was served is unknown.
		return &failure.Error{Class: failure.Transient, Err: err}
	case api.Code == http.StatusNotFound && len(api.Errors) == 0:
		// Compute Engine says what it did not find. This is somebody else's 404,
		// and must not be read as "the resource is gone".
		return &failure.Error{Class: failure.Permanent, Err: fmt.Errorf("the answer is not Compute Engine's: %w", err)}
	}
	return err
}

func inTrouble(err error) bool {
	var api *googleapi.Error
	if !errors.As(err, &api) {
		return false
	}
	switch api.Code {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// maxPages bounds a list: 1,000 pages of 500 are far more than a project holds.
const maxPages = 1000

// list follows a list to its end. page asks for the page behind a token; the
// context that it gets is also in the options for the page's client. A list that
// does not end is an error that passes by itself: it was not seen whole.
func (e *Engine) list(ctx context.Context, c call, page func(ctx context.Context, clients *opened, token string) (string, error)) error {
	token := ""
	for range maxPages {
		next := ""
		err := e.do(ctx, c, func(ctx context.Context, clients *opened) (err error) {
			next, err = page(ctx, clients, token)
			return err
		})
		if err != nil || next == "" {
			return err
		}
		if next == token {
			return failure.New(failure.Transient, "%s of %s: the page token %.40q leads to itself", c.method, c.target, token)
		}
		token = next
	}
	return failure.New(failure.Transient, "%s of %s has more than %d pages", c.method, c.target, maxPages)
}
