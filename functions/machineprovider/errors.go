package machineprovider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// callError is a call that is answered with an HTTP error.
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

// fault is what the caller sees of an error that is not theirs: whether trying
// again helps, not what is inside.
func fault(err error) *callError {
	switch failure.ClassOf(err) {
	case failure.Transient, failure.Quota, failure.Conflict:
		return &callError{http.StatusServiceUnavailable, "backendError", "it may or may not have been done; try again"}
	}
	return &callError{http.StatusInternalServerError, "internalError", "it may or may not have been done; the log says why"}
}

// fail answers a call with an error. Faults of ours are logged, with what they
// are.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *callError
	if !errors.As(err, &known) {
		known = fault(err)
		a.log.Error(fmt.Sprintf("%s: %v", r.URL.Path, err), "event", "CALL_FAILED", "error_class", string(failure.ClassOf(err)),
			"next", fmt.Sprintf("answered %d: %s", known.code, known.message))
	}
	if known.code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="machine-provider"`)
	}
	write(w, known.code, errorBody(known))
}

// errorBody is the error in the form of Google's APIs.
func errorBody(e *callError) []byte {
	type detail struct {
		Domain  string `json:"domain"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
	}
	var body struct {
		Error struct {
			Code    int      `json:"code"`
			Message string   `json:"message"`
			Errors  []detail `json:"errors"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message = e.code, e.message
	body.Error.Errors = []detail{{Domain: "global", Reason: e.reason, Message: e.message}}
	data, err := json.Marshal(body)
	if err != nil { // it holds strings and a number only
		panic(err)
	}
	return data
}

func write(w http.ResponseWriter, code int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write(body) //nolint:gosec // the caller may be gone; it is JSON by its header, with nosniff
}
