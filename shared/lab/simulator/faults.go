package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is a failure of one call, or of one attempt of a group to create or delete
// a VM. Fields combine.
type Fault struct {
	// Status, Reason and Message are the error of the call. Reason and Message
	// default to the usual ones for the status.
	Status  int    `json:"status,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// OperationErrors are the errors that the operation ends with, without its
	// change, or the errors in lastAttempt of a VM.
	OperationErrors []OperationError `json:"operationErrors,omitempty"`
	// NeverEnds keeps the operation RUNNING, or the VM in its state, until
	// [Cloud.Unstick].
	NeverEnds bool `json:"neverEnds,omitempty"`
	// Delay delays the answer; OperationDelay prolongs the operation, the boot or
	// the deletion. In JSON they are strings such as "1m30s".
	Delay          time.Duration `json:"-"`
	OperationDelay time.Duration `json:"-"`
	// LoseResponse closes the connection after the change was made, DropRequest
	// before it.
	LoseResponse bool `json:"loseResponse,omitempty"`
	DropRequest  bool `json:"dropRequest,omitempty"`
	// Page is one of the Page constants and changes the pages of a list.
	Page string `json:"page,omitempty"`
}

// UnmarshalJSON reads the durations as text; unknown fields are refused.
func (f *Fault) UnmarshalJSON(raw []byte) error {
	type plain Fault
	var in struct {
		plain
		Delay          string `json:"delay"`
		OperationDelay string `json:"operationDelay"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return err
	}
	*f = Fault(in.plain)
	for _, field := range []struct {
		text string
		to   *time.Duration
	}{{in.Delay, &f.Delay}, {in.OperationDelay, &f.OperationDelay}} {
		if field.text == "" {
			continue
		}
		value, err := time.ParseDuration(field.text)
		if err != nil {
			return err
		}
		*field.to = value
	}
	return nil
}

// Values of Fault.Page. All of them are within the API's contract.
const (
	PageEmpty     = "empty"      // no items, and a token for the same position
	PagePartial   = "partial"    // half of the items, and a token for the rest
	PageEmptyLast = "empty-last" // the last page has a token for an empty page
	// PageUnreachable is a page without items or token, with the warning
	// UNREACHABLE, as when a zone is down. It does not apply to
	// listManagedInstances, whose answer has no warnings.
	PageUnreachable = "unreachable"
)

// OperationError is an entry of operation.error.errors or of
// managedInstances.lastAttempt.errors.
type OperationError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// HTTPStatus is operation.httpErrorStatusCode; when zero, it follows from
	// Code.
	HTTPStatus int `json:"httpStatus,omitempty"`
}

// usualReason holds the reason of a status for faults without one.
var usualReason = map[int]string{
	http.StatusBadRequest:          "invalid",
	http.StatusUnauthorized:        "required",
	http.StatusForbidden:           "forbidden",
	http.StatusNotFound:            "notFound",
	http.StatusConflict:            "alreadyExists",
	http.StatusPreconditionFailed:  "conditionNotMet",
	http.StatusTooManyRequests:     "rateLimitExceeded",
	http.StatusInternalServerError: "backendError",
	http.StatusServiceUnavailable:  "backendError",
}

func (f *Fault) httpError() *apiError {
	e := &apiError{Status: f.Status, Reason: f.Reason, Message: f.Message}
	if e.Reason == "" {
		e.Reason = usualReason[f.Status]
	}
	if e.Message == "" {
		e.Message = http.StatusText(f.Status)
	}
	if e.Reason == "rateLimitExceeded" {
		e.Domain = "usageLimits"
	}
	return e
}

// Injection is a fault for the next calls of a method.
type Injection struct {
	// Method is as in [Request.Method]; "*" stands for all.
	Method string `json:"method"`
	// Project, Zone and Name, where not empty, restrict the fault. Name is the
	// resource in the path; for VM attempts, the group.
	Project string `json:"project,omitempty"`
	Zone    string `json:"zone,omitempty"`
	Name    string `json:"name,omitempty"`
	// Skip is the number of calls that pass first, Count the number that then
	// fail: one when zero, all when negative.
	Skip  int   `json:"skip,omitempty"`
	Count int   `json:"count,omitempty"`
	Fault Fault `json:"fault"`
}

type faultQueue struct {
	mu      sync.Mutex
	pending []*Injection
}

// Inject adds a fault. A call gets the earliest fault that matches it.
func (c *Cloud) Inject(i Injection) {
	if i.Count == 0 {
		i.Count = 1
	}
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.pending = append(c.faults.pending, &i)
}

// ClearFaults removes the injected faults. It does not release what they hold:
// see Unstick.
func (c *Cloud) ClearFaults() { c.faults.clear() }

func (q *faultQueue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pending = nil
}

func (q *faultQueue) next(r *Request) *Fault {
	q.mu.Lock()
	defer q.mu.Unlock()
	for n, i := range q.pending {
		if !i.matches(r) {
			continue
		}
		if i.Skip > 0 {
			i.Skip--
			continue
		}
		if i.Count > 0 {
			if i.Count--; i.Count == 0 {
				q.pending = slices.Delete(q.pending, n, n+1)
			}
		}
		f := i.Fault
		return &f
	}
	return nil
}

func (i *Injection) matches(r *Request) bool {
	name := r.Name
	if r.Group != "" {
		name = r.Group
	}
	any := i.Method == "*" && r.Group == ""
	return (any || i.Method == r.Method) &&
		(i.Project == "" || i.Project == r.Project) &&
		(i.Zone == "" || i.Zone == r.Zone) &&
		(i.Name == "" || i.Name == name)
}

// faultFor returns the injected fault of a call or else the hook's; nil for
// none.
func (c *Cloud) faultFor(r *Request) *Fault {
	if f := c.faults.next(r); f != nil {
		return f
	}
	if c.opts.Fault != nil {
		return c.opts.Fault(r.Method, r)
	}
	return nil
}

// Unstick resumes what NeverEnds faults hold.
func (c *Cloud) Unstick() {
	c.locked(func() {
		held := c.stuck
		c.stuck = nil
		for _, f := range held {
			c.after(0, f)
		}
	})
}
