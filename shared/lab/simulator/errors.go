package simulator

import (
	"fmt"
	"net/http"
)

// apiError is an answer other than 200, in the shape of Google's JSON APIs.
type apiError struct {
	Status  int
	Reason  string
	Message string
	Domain  string // "global" when empty
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Reason, e.Message) }

type errorBody struct {
	Error errorEnvelope `json:"error"`
}

type errorEnvelope struct {
	Code    int         `json:"code"`
	Errors  []errorItem `json:"errors"`
	Message string      `json:"message"`
}

type errorItem struct {
	Domain  string `json:"domain"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
}

func (e *apiError) body() errorBody {
	domain := e.Domain
	if domain == "" {
		domain = "global"
	}
	return errorBody{errorEnvelope{
		Code:    e.Status,
		Errors:  []errorItem{{Domain: domain, Message: e.Message, Reason: e.Reason}},
		Message: e.Message,
	}}
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

// clientGone is an answer that nobody is there to read.
func clientGone(err error) *apiError {
	return &apiError{Status: 499, Reason: "cancelled", Message: err.Error()}
}
