package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	gce "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

const (
	// operationTimeout is how long a change waits for its operation.
	operationTimeout = 2 * time.Minute
	// serverWait is how long operations.wait may block before it returns that
	// the operation is still running; the call gets some more time.
	serverWait = 2 * time.Minute
	waitMargin = 15 * time.Second
	// waitTries is the number of consecutive failed calls after which waiting
	// ends.
	waitTries = 3
	// waitPause is the pause between two calls. operations.wait blocks on a
	// best-effort basis only and "may return after zero seconds":
	// https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations/wait
	waitPause = time.Second
)

// change sends a request that changes something and waits for its operation.
func (e *Engine) change(ctx context.Context, c call, send func(context.Context, *opened) (*gce.Operation, error)) error {
	c.once = true
	started, err := do(ctx, e, c, send)
	if err != nil {
		return err
	}
	operation, err := e.wait(ctx, c, started.Proto())
	if err != nil {
		return err
	}
	return result(c, operation)
}

// wait waits until an operation is done. If that is not seen in time, the
// operation goes on by itself, so the error is transient.
func (e *Engine) wait(ctx context.Context, c call, operation *computepb.Operation) (*computepb.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	name, failures := operation.GetName(), 0
	for operation.GetStatus() != computepb.Operation_DONE {
		latest, err := e.ask(ctx, c, name)
		failures++
		switch {
		case err == nil:
			operation, failures = latest, 0
		case ctx.Err() == nil && (failure.Is(err, failure.Permanent) || failures == waitTries):
			return nil, unseen(c, "how its operation "+name+" ends is unknown", err)
		}
		if operation.GetStatus() == computepb.Operation_DONE {
			break
		}
		if err := e.options.Sleep(ctx, waitPause); err != nil {
			return nil, unseen(c, "its operation "+name+" is still under way", err)
		}
	}
	return operation, nil
}

// ask calls operations.wait for the operation of a change.
func (e *Engine) ask(ctx context.Context, change call, name string) (*computepb.Operation, error) {
	c := call{method: "zoneOperations.wait", target: name, project: change.project, group: heavyReads, timeout: serverWait + waitMargin, once: true}
	if change.zone == "" {
		c.method = "globalOperations.wait"
	}
	return do(ctx, e, c, func(ctx context.Context, clients *opened) (*computepb.Operation, error) {
		if change.zone == "" {
			return clients.global.Wait(ctx, &computepb.WaitGlobalOperationRequest{Project: c.project, Operation: name})
		}
		return clients.zoneScoped.Wait(ctx, &computepb.WaitZoneOperationRequest{Project: c.project, Zone: change.zone, Operation: name})
	})
}

// unseen returns the error of a change whose operation was not seen to end. The
// error says nothing about the resource: an operation that Compute Engine no
// longer knows must not look like a missing resource.
func unseen(c call, state string, err error) error {
	class := failure.ClassOf(err)
	if class != failure.Permanent && class != failure.Quota {
		class = failure.Transient
	}
	return failure.New(class, "%s of %s: %w, and %s: %w", c.method, c.target, compute.ErrUnfinished, state, err)
}

// result returns the error of a finished operation; nil if it succeeded.
func result(c call, operation *computepb.Operation) error {
	errs := operation.GetError().GetErrors()
	if len(errs) > 0 {
		messages := make([]string, len(errs))
		for i, e := range errs {
			messages[i] = withheld(e.GetMessage())
		}
		return compute.NewOperationError(c.method, c.target, errs[0].GetCode(), strings.Join(messages, "; "))
	}
	if status := int(operation.GetHttpErrorStatusCode()); status >= http.StatusBadRequest {
		return &failure.Error{Class: failure.OfHTTP(status, ""), Err: &compute.OperationError{
			Method: c.method, Target: c.target, Code: http.StatusText(status), Message: withheld(operation.GetHttpErrorMessage())}}
	}
	return nil
}
