package rest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	gce "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// serverWait is how long Compute Engine holds an operations.wait back before it
// answers that the operation still runs; the call gets some more.
const (
	serverWait = 2 * time.Minute
	waitMargin = 15 * time.Second
)

// waitTries is the number of failed calls in a row after which waiting is
// given up.
const waitTries = 3

// waitPause is the time between two calls. operations.wait holds an answer back
// by best effort only and "may return after zero seconds":
// https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations/wait
const waitPause = time.Second

// change sends a request that changes something and waits for its operation.
// An empty zone stands for a global operation.
func (e *Engine) change(ctx context.Context, c call, zone string, send func(context.Context, *opened) (*gce.Operation, error)) error {
	c.group, c.once = mutations, true
	var operation *computepb.Operation
	err := e.do(ctx, c, func(ctx context.Context, clients *opened) error {
		started, err := send(ctx, clients)
		if err == nil {
			operation = started.Proto()
		}
		return err
	})
	if err != nil {
		return err
	}
	if operation, err = e.wait(ctx, c, zone, operation); err != nil {
		return err
	}
	return result(c, operation)
}

// wait waits until an operation is done. Where that cannot be seen in time the
// operation goes on by itself, so the error passes by itself.
func (e *Engine) wait(ctx context.Context, c call, zone string, operation *computepb.Operation) (*computepb.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, e.options.OperationTimeout)
	defer cancel()
	name, failures := operation.GetName(), 0
	for operation.GetStatus() != computepb.Operation_DONE {
		latest, err := e.ask(ctx, c.project, zone, name)
		failures++
		switch class := failure.ClassOf(err); {
		case err == nil:
			operation, failures = latest, 0
		case ctx.Err() == nil && (class == failure.Permanent || failures == waitTries):
			return nil, unseen(c, name, class, err)
		}
		if operation.GetStatus() == computepb.Operation_DONE {
			break
		}
		if err := e.options.Sleep(ctx, waitPause); err != nil {
			return nil, unfinished(c, name, err)
		}
	}
	return operation, nil
}

func (e *Engine) ask(ctx context.Context, project, zone, name string) (*computepb.Operation, error) {
	c := call{method: "zoneOperations.wait", target: name, project: project, group: heavyReads, timeout: serverWait + waitMargin, once: true}
	if zone == "" {
		c.method = "globalOperations.wait"
	}
	var operation *computepb.Operation
	err := e.do(ctx, c, func(ctx context.Context, clients *opened) (err error) {
		if zone == "" {
			operation, err = clients.global.Wait(ctx, &computepb.WaitGlobalOperationRequest{Project: project, Operation: name})
			return err
		}
		operation, err = clients.zoneScoped.Wait(ctx, &computepb.WaitZoneOperationRequest{Project: project, Zone: zone, Operation: name})
		return err
	})
	return operation, err
}

func unfinished(c call, operation string, err error) error {
	return &failure.Error{Class: failure.Transient, Err: fmt.Errorf(
		"%s of %s: %w, and its operation %s is still under way: %w", c.method, c.target, compute.ErrUnfinished, operation, err)}
}

// unseen is about an operation that cannot be asked for. That says nothing of
// the resource: a forgotten operation must not look like a resource not found.
func unseen(c call, operation string, class failure.Class, err error) error {
	if class != failure.Permanent && class != failure.Quota {
		class = failure.Transient
	}
	return &failure.Error{Class: class, Err: fmt.Errorf(
		"%s of %s: %w, and how its operation %s ends is unknown: %w", c.method, c.target, compute.ErrUnfinished, operation, err)}
}

// result is the error that a finished operation ended in.
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
