package simulator

import (
	"net/http"
	"time"
)

// operation is a long-running change: PENDING or RUNNING, then DONE with errors or
// with its change made.
type operation struct {
	meta       // created is insertTime
	project    *project
	zone       *zone // nil: global
	kind       string
	targetLink string
	targetID   uint64
	requestID  string
	user       string
	status     string
	started    time.Time
	ended      time.Time
	errors     []OperationError

	apply func() // makes the change if the operation succeeds
	undo  func() // reverts what acceptance reserved if the operation fails
	fault *Fault
	held  bool // a NeverEnds fault keeps it from ending
	ready bool // its handler has called complete
}

const (
	pending = "PENDING"
	running = "RUNNING"
	done    = "DONE"
)

// operationSpec is the part of an operation that a handler sets.
type operationSpec struct {
	kind       string // operationType
	targetLink string
	targetID   uint64
	queued     bool // starts as PENDING
	apply      func()
	undo       func()
	// waits says that the handler ends the operation with complete.
	waits bool
}

// start records an operation for the request and schedules its end.
func (c *Cloud) start(r *Request, s operationSpec) *operation {
	p := c.project(r.Project)
	op := &operation{
		meta: c.newMeta(operationName(c)), project: p,
		kind: s.kind, targetLink: s.targetLink, targetID: s.targetID,
		requestID: r.Query.Get("requestId"), user: c.opts.User,
		status: running, started: c.clock,
		apply: s.apply, undo: s.undo, fault: r.fault,
	}
	log := p.ops
	if r.Zone != "" {
		op.zone = c.zone(r.Project, r.Zone)
		log = op.zone.ops
	}
	log.add(op, c.clock)
	c.rememberRequest(r, op)
	took := c.opts.OperationTime + r.extraTime()
	if s.queued && took > 0 {
		op.status, op.started = pending, time.Time{}
		c.after(took/4, func() { c.run(op) })
	}
	switch {
	case r.fault != nil && r.fault.NeverEnds:
		op.held = true
		c.stuck = append(c.stuck, func() {
			op.held = false
			if op.ready || !s.waits {
				c.finish(op)
			}
		})
	case !s.waits || op.willFail():
		c.after(took, func() { c.finish(op) })
	}
	return op
}

// failed starts an operation that ends with an error.
func (c *Cloud) failed(r *Request, kind, link string, id uint64, e *OperationError) *operation {
	fails := *r
	fails.fault = &Fault{OperationErrors: []OperationError{*e}}
	return c.start(&fails, operationSpec{kind: kind, targetLink: link, targetID: id, queued: true})
}

func (r *Request) extraTime() time.Duration {
	if r.fault == nil {
		return 0
	}
	return r.fault.OperationDelay
}

// willFail reports whether a fault makes the operation end with errors. Its
// change is not begun in that case.
func (op *operation) willFail() bool { return op.fault != nil && len(op.fault.OperationErrors) > 0 }

func (c *Cloud) run(op *operation) {
	if op.status == pending {
		op.status, op.started = running, c.clock
	}
}

// complete ends an operation whose spec has waits set.
func (c *Cloud) complete(op *operation) {
	op.ready = true
	if !op.held {
		c.finish(op)
	}
}

func (c *Cloud) finish(op *operation) {
	if op.status == done {
		return
	}
	c.run(op)
	op.status, op.ended = done, c.clock
	if op.willFail() {
		op.errors = op.fault.OperationErrors
		if op.undo != nil {
			op.undo()
		}
		return
	}
	if op.apply != nil {
		op.apply()
	}
}

func (op *operation) render() any { return op.json() }

func (op *operation) link() string {
	if op.zone != nil {
		return linkPrefix + op.zone.path("operations", op.name)
	}
	return linkPrefix + op.project.globalPath("operations", op.name)
}

func (op *operation) json() map[string]any {
	m := map[string]any{
		"kind": "compute#operation", "id": idString(op.id), "name": op.name,
		"operationType": op.kind, "targetLink": op.targetLink, "selfLink": op.link(),
		"status": op.status, "progress": 0, "user": op.user,
		"insertTime": timestamp(op.created),
	}
	if op.targetID != 0 {
		m["targetId"] = idString(op.targetID)
	}
	if op.zone != nil {
		m["zone"] = op.zone.link()
	}
	if op.requestID != "" {
		m["clientOperationId"] = op.requestID
	}
	if !op.started.IsZero() {
		m["startTime"] = timestamp(op.started)
	}
	if op.status == done {
		m["endTime"], m["progress"] = timestamp(op.ended), 100
	}
	if len(op.errors) > 0 {
		status := operationStatus(op.errors[0])
		m["error"] = map[string]any{"errors": errorItems(op.errors)}
		m["httpErrorStatusCode"] = status
		m["httpErrorMessage"] = httpErrorMessage(status)
	}
	return m
}

// operationStatuses maps error codes to their httpErrorStatusCode; it is 400 for
// all others.
var operationStatuses = map[string]int{
	"QUOTA_EXCEEDED":                            http.StatusForbidden,
	"PERMISSIONS_ERROR":                         http.StatusForbidden,
	"ZONE_RESOURCE_POOL_EXHAUSTED":              http.StatusServiceUnavailable,
	"ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS": http.StatusServiceUnavailable,
	"RESOURCE_NOT_FOUND":                        http.StatusNotFound,
	"RESOURCE_ALREADY_EXISTS":                   http.StatusConflict,
	"RATE_LIMIT_EXCEEDED":                       http.StatusForbidden,
	"INTERNAL_ERROR":                            http.StatusInternalServerError,
}

func operationStatus(e OperationError) int {
	if e.HTTPStatus != 0 {
		return e.HTTPStatus
	}
	if status := operationStatuses[e.Code]; status != 0 {
		return status
	}
	return http.StatusBadRequest
}
