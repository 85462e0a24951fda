// Package failure decides, in one place, what an error of an outside call means
// for the caller: the resource is missing, it changed in the meantime, a quota
// is exceeded, a retry may help, or the error is final.
package failure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Class is what an error means for the caller.
type Class string

// The classes. Only Quota and Transient errors are worth retrying as they are;
// after a Conflict a retry needs a fresh read.
const (
	None      Class = ""
	NotFound  Class = "not_found"
	Conflict  Class = "conflict"
	Quota     Class = "quota"
	Transient Class = "transient"
	Permanent Class = "permanent"
)

// Error is an error with its class.
type Error struct {
	Class Class
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a class.
func New(class Class, format string, args ...any) error {
	return &Error{Class: class, Err: fmt.Errorf(format, args...)}
}

// ClassOf returns the class of an error: the one that it carries, otherwise the
// one that follows from the status of the API's response, otherwise Permanent.
func ClassOf(err error) Class {
	classed, ok := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return None
	case ok:
		return classed.Class
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Transient
	}
	if class, ok := byHTTP(err); ok {
		return class
	}
	if class, ok := byGRPC(err); ok {
		return class
	}
	// An operating system error about a file looks like a network error too.
	_, ofFile := errors.AsType[*fs.PathError](err)
	if _, ofNetwork := errors.AsType[net.Error](err); ofNetwork && !ofFile {
		return Transient
	}
	return Permanent
}

// Is reports whether an error has a class.
func Is(err error, class Class) bool { return ClassOf(err) == class }

// Temporary reports whether a later retry may help; our callers retry with a
// fresh read.
func Temporary(err error) bool {
	switch ClassOf(err) {
	case Transient, Quota, Conflict:
		return true
	}
	return false
}

func byHTTP(err error) (Class, bool) {
	if api, ok := errors.AsType[*googleapi.Error](err); ok {
		reason := ""
		if len(api.Errors) > 0 {
			reason = api.Errors[0].Reason
		}
		return cmp.Or(OfHTTP(api.Code, reason), Permanent), true // an error, whatever its status says
	}
	if gax, ok := errors.AsType[*apierror.APIError](err); ok && gax.HTTPCode() > 0 {
		return cmp.Or(OfHTTP(gax.HTTPCode(), gax.Reason()), Permanent), true
	}
	return None, false
}

// OfHTTP classifies an HTTP status and, for 403, Compute Engine's reason:
// Compute Engine reports an exceeded rate limit as 403 and not as 429.
func OfHTTP(code int, reason string) Class {
	switch {
	case code < 400:
		return None
	case code == http.StatusNotFound, code == http.StatusGone:
		return NotFound
	case code == http.StatusConflict, code == http.StatusPreconditionFailed:
		return Conflict
	case code == http.StatusTooManyRequests:
		return Quota
	case code == http.StatusForbidden && slices.Contains(quotaReasons, reason):
		return Quota
	case code == http.StatusBadRequest && reason == "resourceInUseByAnotherResource":
		return Conflict
	case code == http.StatusBadRequest && reason == "resourceNotReady":
		return Transient
	case code >= 500, code == http.StatusRequestTimeout:
		return Transient
	}
	return Permanent
}

var quotaReasons = []string{"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"}

// missingIndex is in the message of Firestore's error for a query without an
// index: "The query requires an index. You can create it here: …", or "The
// query requires an index. That index is currently building and cannot be used
// yet. …". Firestore also sends the first one in the minutes after the creation
// of the index was requested, so both are transient.
const missingIndex = "query requires an index"

func byGRPC(err error) (Class, bool) {
	var carrier interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &carrier) {
		return None, false
	}
	switch carrier.GRPCStatus().Code() {
	case codes.NotFound:
		return NotFound, true
	case codes.FailedPrecondition:
		if strings.Contains(strings.ToLower(carrier.GRPCStatus().Message()), missingIndex) {
			return Transient, true
		}
		return Conflict, true
	case codes.AlreadyExists, codes.Aborted:
		return Conflict, true
	case codes.ResourceExhausted:
		return Quota, true
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Canceled, codes.Unknown:
		return Transient, true
	default:
		return Permanent, true
	}
}
