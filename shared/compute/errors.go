package compute

import (
	"fmt"

	"github.com/gce-backend/gce-backend/shared/failure"
)

// OperationError is what an operation that was accepted ended in.
type OperationError struct {
	Method  string // such as instanceTemplates.insert
	Target  string // the resource's name
	Code    string // such as QUOTA_EXCEEDED
	Message string
}

func (e *OperationError) Error() string {
	return fmt.Sprintf("%s of %s ended in %s: %s", e.Method, e.Target, e.Code, e.Message)
}

// NewOperationError makes the error of an operation with its class: a stockout
// or a quota passes by itself, and whatever else an operation ends in is tried
// again by the next sweep as well.
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
