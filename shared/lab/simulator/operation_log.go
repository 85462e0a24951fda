package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// operationLog keeps the operations of a scope in the order of their insertion,
// and drops each operationRetention after its end.
type operationLog struct {
	byName map[string]*operation
	inTime []*operation
}

func newOperationLog() *operationLog { return &operationLog{byName: map[string]*operation{}} }

func (l *operationLog) add(op *operation, now time.Time) {
	for len(l.inTime) > 0 {
		oldest := l.inTime[0]
		if oldest.status != done || now.Sub(oldest.ended) < operationRetention {
			break
		}
		delete(l.byName, oldest.name)
		l.inTime = l.inTime[1:]
	}
	l.byName[op.name] = op
	l.inTime = append(l.inTime, op)
}

func (l *operationLog) find(name string) (*operation, bool) {
	op, ok := l.byName[name]
	return op, ok
}

// all returns the operations ordered by their names, which begin with the time.
func (l *operationLog) all() []*operation {
	all := slices.Clone(l.inTime)
	slices.SortFunc(all, func(a, b *operation) int { return strings.Compare(a.name, b.name) })
	return all
}

// requestRecord is the request that a request id was first used for.
type requestRecord struct {
	method, path string
	op           *operation
	at           time.Time
}

// repeated returns the operation of an earlier request with the same request id.
func (c *Cloud) repeated(r *Request) (*operation, error) {
	id := r.Query.Get("requestId")
	if id == "" {
		return nil, nil
	}
	if !uuidPattern.MatchString(id) || id == zeroUUID {
		return nil, invalidField("requestId", id, "Must be a valid UUID.")
	}
	old := c.project(r.Project).requests[strings.ToLower(id)]
	if old == nil || c.clock.Sub(old.at) >= requestIDRetention {
		return nil, nil
	}
	if old.method != r.http.Method || old.path != r.http.URL.Path {
		return nil, invalidField("requestId", id, "It was used for another request.")
	}
	return old.op, nil
}

func (c *Cloud) rememberRequest(r *Request, op *operation) {
	if op.requestID == "" {
		return
	}
	p, id := op.project, strings.ToLower(op.requestID)
	for len(p.requestIDs) > 0 {
		oldest := p.requests[p.requestIDs[0]]
		if oldest != nil && c.clock.Sub(oldest.at) < requestIDRetention {
			break
		}
		delete(p.requests, p.requestIDs[0])
		p.requestIDs = p.requestIDs[1:]
	}
	p.requests[id] = &requestRecord{method: r.http.Method, path: r.http.URL.Path, op: op, at: c.clock}
	p.requestIDs = append(p.requestIDs, id)
}

// change returns the route of a mutation. A repeated request id returns the
// first operation.
func (c *Cloud) change(method string, h func(*Request) (*operation, error)) route {
	return route{method, mutation, func(r *Request) (any, error) {
		if op, err := c.repeated(r); op != nil || err != nil {
			return op, err
		}
		op, err := h(r)
		if err != nil {
			return nil, err
		}
		return op, nil
	}}
}

func errorItems(errors []OperationError) []map[string]any {
	items := make([]map[string]any, len(errors))
	for i, e := range errors {
		items[i] = map[string]any{"code": e.Code, "message": e.Message}
	}
	return items
}

// httpErrorMessage returns the text of operation.httpErrorMessage for a status.
func httpErrorMessage(status int) string { return strings.ToUpper(http.StatusText(status)) }
