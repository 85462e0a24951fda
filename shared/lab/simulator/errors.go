package simulator

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// apiError is an error answer, in the form of Google's JSON APIs.
type apiError struct {
	Status  int
	Reason  string
	Message string
	Domain  string // "global" when empty
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Reason, e.Message) }

func (e *apiError) body() map[string]any {
	return map[string]any{"error": map[string]any{"code": e.Status, "message": e.Message,
		"errors": []map[string]any{{"domain": cmp.Or(e.Domain, "global"), "message": e.Message, "reason": e.Reason}}}}
}

func notFound(path string) *apiError {
	return &apiError{Status: http.StatusNotFound, Reason: "notFound",
		Message: fmt.Sprintf("The resource '%s' was not found", path)}
}

func alreadyExists(path string) *apiError {
	return &apiError{Status: http.StatusConflict, Reason: "alreadyExists",
		Message: fmt.Sprintf("The resource '%s' already exists", path)}
}

func notReady(path string) *apiError {
	return &apiError{Status: http.StatusBadRequest, Reason: "resourceNotReady",
		Message: fmt.Sprintf("The resource '%s' is not ready", path)}
}

func inUse(kind, path, user string) *apiError {
	return &apiError{Status: http.StatusBadRequest, Reason: "resourceInUseByAnotherResource",
		Message: fmt.Sprintf("The %s resource '%s' is already being used by '%s'", kind, path, user)}
}

func invalid(format string, args ...any) *apiError {
	return &apiError{Status: http.StatusBadRequest, Reason: "invalid", Message: fmt.Sprintf(format, args...)}
}

func invalidField(field string, value any, why string) *apiError {
	return invalid("Invalid value for field '%s': '%v'. %s", field, value, why)
}

func required(field string) *apiError {
	return &apiError{Status: http.StatusBadRequest, Reason: "required",
		Message: fmt.Sprintf("Required field '%s' not specified", field)}
}

// withoutPrefix returns a link without host and version, as messages name resources.
func withoutPrefix(link string) string { return link[max(strings.Index(link, "projects/"), 0):] }

// notSupported refuses a feature of the API that the simulator lacks.
func notSupported(what string) *apiError {
	return &apiError{Status: http.StatusNotImplemented, Reason: "notImplemented", Message: what + " is not supported by the simulator"}
}

// clientGone is the error of a request whose client has gone.
func clientGone(err error) *apiError {
	return &apiError{Status: 499, Reason: "cancelled", Message: err.Error()}
}
