package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// call describes one request: the method, its project and target, and the group
// in which Compute Engine counts it.
type call struct {
	method  string // such as instanceTemplates.get
	target  string // the resource's name, for errors
	project string
	zone    string // empty for what is global
	group   group
	timeout time.Duration // 0: Options.CallTimeout
	// once means that a failed request is not repeated here: the request
	// changes something, and the next sweep tries again.
	once bool
}

// do sends a request once the request limit allows it, within the call's
// deadline. It repeats a read once if the server failed.
func do[A any](ctx context.Context, e *Engine, c call, send func(context.Context, *opened) (A, error)) (A, error) {
	answer, err := try(ctx, e, c, send)
	if err != nil && !c.once && inTrouble(err) && ctx.Err() == nil {
		pause := 200*time.Millisecond + time.Duration(e.options.Rand()*float64(400*time.Millisecond))
		if e.options.Sleep(ctx, pause) == nil {
			answer, err = try(ctx, e, c, send)
		}
	}
	if err != nil {
		err = &compute.CallError{Method: c.method, Target: c.target, Project: c.project, Code: codeOf(err), Err: withholding(err)}
	}
	return answer, err
}

// codeOf returns the reason that Compute Engine gives, or else the HTTP status.
func codeOf(err error) string {
	api, ok := errors.AsType[*googleapi.Error](err)
	switch {
	case !ok:
		return compute.NoAnswer
	case len(api.Errors) > 0 && api.Errors[0].Reason != "":
		return api.Errors[0].Reason
	}
	return http.StatusText(api.Code)
}

func try[A any](ctx context.Context, e *Engine, c call, send func(context.Context, *opened) (A, error)) (answer A, err error) {
	clients, err := e.clients()
	if err != nil {
		return answer, err
	}
	if err := e.limits.wait(ctx, c.project, c.group); err != nil {
		return answer, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.timeout, e.options.CallTimeout))
	defer cancel()
	answer, err = send(ctx, clients)
	return answer, classify(err)
}

// classify sets the class of an error that package failure cannot classify.
func classify(err error) error {
	api, answered := errors.AsType[*googleapi.Error](err)
	switch {
	case err == nil:
	case !answered:
		// No response, or half of one. The server may have carried out the
		// request.
		return &failure.Error{Class: failure.Transient, Err: err}
	case api.Code == http.StatusNotFound && len(api.Errors) == 0:
		// Compute Engine's 404 names what it did not find. This is another
		// server's 404, and does not mean that the resource is gone.
		return &failure.Error{Class: failure.Permanent, Err: fmt.Errorf("the answer is not Compute Engine's: %w", err)}
	}
	return err
}

func inTrouble(err error) bool {
	api, ok := errors.AsType[*googleapi.Error](err)
	return ok && (api.Code == http.StatusBadGateway || api.Code == http.StatusServiceUnavailable || api.Code == http.StatusGatewayTimeout)
}
