package machineprovider

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

// callError is the HTTP error that a call is answered with.
type callError struct {
	code    int
	reason  string
	message string
}

func (e *callError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &callError{http.StatusBadRequest, "badRequest", fmt.Errorf(format, args...).Error()}
}

func unauthorized(message string) error {
	return &callError{http.StatusUnauthorized, "required", message}
}

func forbidden(format string, args ...any) error {
	return &callError{http.StatusForbidden, "forbidden", fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &callError{http.StatusNotFound, "notFound", fmt.Sprintf(format, args...)}
}

// refusals are the HTTP errors of calls whose responses have no field for a
// refusal.
var refusals = map[leasing.Refusal]error{
	leasing.UnspecifiedBackend:  badRequest("backend: an administrator or a viewer must name one"),
	leasing.MismatchedBackend:   forbidden("backend: the machine is another backend's"),
	leasing.UnspecifiedHostname: badRequest("hostname: it is required"),
	leasing.EntryNotFound:       notFound("the catalog has no such machine"),
}

// refuse sets the error field of a response to a refusal. It returns any other
// error, and a refusal that the field has no value for.
func refuse[E interface {
	~int32
	Descriptor() protoreflect.EnumDescriptor
}](field **E, err error) error {
	var refusal leasing.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	found := (*new(E)).Descriptor().Values().ByName(protoreflect.Name(refusal))
	if found == nil {
		return err
	}
	value := E(found.Number())
	*field = &value
	return nil
}

// within adds the name of the enclosing message to an error about a field.
func within(name string, err error) error {
	var known *callError
	if errors.As(err, &known) {
		return &callError{known.code, known.reason, name + "." + known.message}
	}
	return err
}

// fault returns the error that the caller sees when we fail: it says whether
// trying again helps, and hides the cause.
func fault(err error) *callError {
	if failure.Temporary(err) {
		return &callError{http.StatusServiceUnavailable, "backendError", "the call may or may not have been done; try again"}
	}
	return &callError{http.StatusInternalServerError, "internalError", "the call may or may not have been done; the log says why"}
}

// fail answers a call with an error. Our own faults are logged with their cause.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refusal leasing.Refusal
	if errors.As(err, &refusal) {
		err = cmp.Or(refusals[refusal], err)
	}
	var known *callError
	if !errors.As(err, &known) {
		known = fault(err)
		a.Log.Error(fmt.Sprintf("%s: %v", r.URL.Path, err), "event", "CALL_FAILED", "error_class", string(failure.ClassOf(err)),
			"next", fmt.Sprintf("answered %d: %s", known.code, known.message))
	}
	if known.code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="machine-provider"`)
	}
	write(w, known.code, errorBody(known))
}

// errorBody returns the error as Google's APIs write it.
func errorBody(e *callError) []byte {
	message, err := json.Marshal(e.message)
	if err != nil { // it is a string
		panic(err)
	}
	return fmt.Appendf(nil, `{"error":{"code":%d,"message":%s,"errors":[{"domain":"global","reason":%q,"message":%s}]}}`,
		e.code, message, e.reason, message)
}

func write(w http.ResponseWriter, code int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write(body) //nolint:gosec // the caller may be gone; it is JSON by its header, with nosniff
}
