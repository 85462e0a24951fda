package machineprovider

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/leasing/access"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

// caller is who calls, and what they may do.
type caller struct {
	email         string
	administrator bool
	lessee        bool
	viewer        bool
	backend       string // the backend that they are a member of; "" for none
}

// identify finds out who calls: 401 without an identity.
func (a *api) identify(ctx context.Context, r *http.Request) (caller, error) {
	who, err := identity.Authenticate(ctx, a.verify, r)
	if errors.Is(err, identity.ErrNoToken) {
		return caller{}, unauthorized("a bearer token is required: a Google-signed ID token or an OAuth access token")
	}
	if errors.Is(err, identity.ErrUnverified) {
		a.log.Warn("refused a token: "+err.Error(), "event", "UNAUTHENTICATED")
		return caller{}, unauthorized("the bearer token is not valid here")
	}
	if err != nil {
		return caller{}, fmt.Errorf("verify a token: %w", err)
	}
	settings, err := a.settings.Settings(ctx)
	if err != nil {
		return caller{}, fmt.Errorf("read who may do what: %w", err)
	}
	return roles(who.Email, settings), nil
}

func roles(email string, settings access.Settings) caller {
	return caller{
		email:         email,
		administrator: settings.Administrator(email),
		lessee:        settings.Lessee(email),
		viewer:        settings.Viewer(email),
		backend:       settings.Backend(email),
	}
}

// The roles that methods are for.
func manages(c caller) bool { return c.administrator || c.backend != "" }
func looks(c caller) bool   { return manages(c) || c.viewer }
func leases(c caller) bool  { return c.lessee }
func anyone(caller) bool    { return true }

// method is one of the API's methods.
type method struct {
	allowed func(caller) bool
	serve   func(ctx context.Context, c caller, body []byte) (proto.Message, error)
}

// handle makes a method of a function from message to message.
func handle[In any, P interface {
	*In
	proto.Message
}, Out proto.Message](allowed func(caller) bool, serve func(context.Context, caller, P) (Out, error)) method {
	return method{allowed: allowed, serve: func(ctx context.Context, c caller, body []byte) (proto.Message, error) {
		request := P(new(In))
		if err := wire.Decode(body, request); err != nil {
			return nil, badRequest("%w", err)
		}
		answer, err := serve(ctx, c, request)
		if err != nil {
			return nil, err
		}
		return answer, nil
	}}
}

// allMethods lists the API, by path.
func (a *api) allMethods() map[string]method {
	return map[string]method{
		"catalog/v1/get":             handle(looks, a.get),
		"catalog/v1/get_machines":    handle(looks, a.getMachines),
		"catalog/v1/list_changes":    handle(looks, a.listChanges),
		"catalog/v1/list_machines":   handle(looks, a.listMachines),
		"catalog/v1/count_machines":  handle(looks, a.countMachines),
		"catalog/v1/add_machine":     handle(manages, a.addMachine),
		"catalog/v1/add_machines":    handle(manages, a.addMachines),
		"catalog/v1/delete_machine":  handle(manages, a.deleteMachine),
		"catalog/v1/delete_machines": handle(manages, a.deleteMachines),

		"machine_provider/v1/lease":           handle(leases, a.lease),
		"machine_provider/v1/batched_lease":   handle(leases, a.batchedLease),
		"machine_provider/v1/release":         handle(leases, a.release),
		"machine_provider/v1/batched_release": handle(leases, a.batchedRelease),
		"machine_provider/v1/renew":           handle(leases, a.renew),
		"machine_provider/v1/instruct":        handle(leases, a.instruct),

		"machine/v1/poll": handle(anyone, a.poll),
		"machine/v1/ack":  {allowed: anyone, serve: a.ack},
	}
}

// limitBatch refuses a batch that is too large.
func limitBatch[T any](requests []T) error {
	if len(requests) > maxBatch {
		return badRequest("requests: it has %d entries; the limit is %d", len(requests), maxBatch)
	}
	return nil
}

// required refuses a call without a field.
func required(field string, present bool) error {
	if !present {
		return badRequest("%s: it is required", field)
	}
	return nil
}
