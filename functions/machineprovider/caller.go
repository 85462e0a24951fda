package machineprovider

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gce-backend/gce-backend/shared/identity"
	"github.com/gce-backend/gce-backend/shared/leasing/wire"
)

// caller is the identity that calls, and its roles.
type caller struct {
	email         string
	administrator bool
	lessee        bool
	viewer        bool
	backend       string // the backend that the caller is a member of, or ""
}

// identify returns the caller of a request. Without an identity the error is a
// 401.
func (a *api) identify(ctx context.Context, r *http.Request) (caller, error) {
	email, err := identity.Authenticate(ctx, a.Verify, r)
	if errors.Is(err, identity.ErrNoToken) {
		return caller{}, unauthorized("a bearer token is required: a Google-signed ID token or an OAuth access token")
	}
	if errors.Is(err, identity.ErrUnverified) {
		a.Log.Warn("refused a token: "+err.Error(), "event", "UNAUTHENTICATED")
		return caller{}, unauthorized("the bearer token is not valid here")
	}
	if err != nil {
		return caller{}, fmt.Errorf("verify a token: %w", err)
	}
	settings, err := a.Settings.Settings(ctx)
	if err != nil {
		return caller{}, fmt.Errorf("read who may do what: %w", err)
	}
	return caller{
		email:         email,
		administrator: settings.Administrator(email),
		lessee:        settings.Lessee(email),
		viewer:        settings.Viewer(email),
		backend:       settings.Backend(email),
	}, nil
}

// The conditions for calling a method.
func manages(c caller) bool { return c.administrator || c.backend != "" }
func looks(c caller) bool   { return manages(c) || c.viewer }
func leases(c caller) bool  { return c.lessee }
func anyone(caller) bool    { return true }

// method is one of the API's methods. serve takes a request's body and returns
// the response's; nil means that there is none.
type method struct {
	allowed func(caller) bool
	serve   func(ctx context.Context, c caller, body []byte) ([]byte, error)
}

// handle makes a method from a function that takes and returns a message.
func handle[In any, P interface {
	*In
	proto.Message
}, Out proto.Message](allowed func(caller) bool, serve func(context.Context, caller, P) (Out, error)) method {
	return method{allowed: allowed, serve: func(ctx context.Context, c caller, body []byte) ([]byte, error) {
		request := P(new(In))
		if err := wire.Decode(body, request); err != nil {
			return nil, badRequest("%w", err)
		}
		if err := limitLists(request); err != nil {
			return nil, err
		}
		answer, err := serve(ctx, c, request)
		if err != nil || proto.Message(answer) == nil {
			return nil, err
		}
		return wire.Encode(answer)
	}}
}

// limitLists returns an error for a request with a list of more than maxBatch
// entries.
func limitLists(request proto.Message) (err error) {
	request.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.IsList() && value.List().Len() > maxBatch {
			err = badRequest("%s: it has %d entries; the limit is %d", field.Name(), value.List().Len(), maxBatch)
		}
		return err == nil
	})
	return err
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
		"machine/v1/ack":  handle(anyone, a.ack),
	}
}

// required returns an error for a field that is missing.
func required(field string, present bool) error {
	if !present {
		return badRequest("%s: it is required", field)
	}
	return nil
}

// checkText returns an error for a text that is too long or cannot be printed.
func checkText(field, text string, limit int) error {
	if err := wire.Text(field, text, limit); err != nil {
		return badRequest("%w", err)
	}
	return nil
}
