package compute

import (
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// OperationError is the error of an operation that failed.
type OperationError struct {
	Method  string // such as instanceTemplates.insert
	Target  string // the resource's name
	Code    string // such as QUOTA_EXCEEDED
	Message string
}

func (e *OperationError) Error() string {
	return fmt.Sprintf("%s of %s ended in %s: %s", e.Method, e.Target, e.Code, e.Message)
}

// CallError is the error of a call that Compute Engine refused or did not
// answer.
type CallError struct {
	Method  string // such as instanceTemplates.insert
	Target  string // the resource's name
	Project string
	Code    string // Compute Engine's reason, such as rateLimitExceeded, or NoAnswer
	Err     error
}

// ErrUnfinished means that a change was accepted, and that its result is
// unknown.
var ErrUnfinished = errors.New("the change was accepted")

// Refused reports whether the change that returned this error was certainly not
// made: Compute Engine did not accept it, or its operation failed.
func Refused(err error) bool {
	if _, ended := errors.AsType[*OperationError](err); ended {
		return true
	}
	class := failure.ClassOf(err)
	return !errors.Is(err, ErrUnfinished) && (class == failure.Quota || class == failure.Permanent || class == failure.Conflict)
}

// NoAnswer is the code of a call that got no response.
const NoAnswer = "noAnswer"

func (e *CallError) Error() string {
	return fmt.Sprintf("%s %s in project %s: %v", e.Method, e.Target, e.Project, e.Err)
}

func (e *CallError) Unwrap() error { return e.Err }

// Fault names a call to Compute Engine and the code of its error.
type Fault struct{ Method, Target, Code string }

// FaultOf finds the fault in an error; ok is false if the error is not from
// Compute Engine.
func FaultOf(err error) (fault Fault, ok bool) {
	if operation, ok := errors.AsType[*OperationError](err); ok {
		return Fault{operation.Method, operation.Target, operation.Code}, true
	}
	if call, ok := errors.AsType[*CallError](err); ok {
		return Fault{call.Method, call.Target, call.Code}, true
	}
	return Fault{}, false
}

// NewOperationError makes the error of an operation with its class. A code that
// is not listed is Transient: a stockout passes by itself, and the next sweep
// retries whatever else failed.
func NewOperationError(method, target, code, message string) error {
	class := failure.Transient
	switch code {
	case "QUOTA_EXCEEDED", "RESOURCE_QUOTA_EXCEEDED", "RATE_LIMIT_EXCEEDED":
		class = failure.Quota
	case "RESOURCE_NOT_FOUND":
		class = failure.NotFound
	case "RESOURCE_ALREADY_EXISTS", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE":
		class = failure.Conflict
	case "INVALID_FIELD_VALUE", "INVALID_USAGE", "PERMISSIONS_ERROR", "CONDITION_NOT_MET":
		class = failure.Permanent
	}
	return &failure.Error{Class: class, Err: &OperationError{Method: method, Target: target, Code: code, Message: message}}
}
