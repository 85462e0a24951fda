package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/simulator/api"
)

// class is the group of methods to which a method belongs for quota and counters.
type class int

const (
	read      class = iota
	heavyRead       // aggregatedList and operations.wait
	listing         // listManagedInstances, which counts with the mutations
	mutation
)

type handler func(*Request) (any, error)

// renderer is a result that is rendered after the state has advanced, so that an
// operation that takes no time is DONE in the response.
type renderer interface{ render() any }

// locking serves a method: it counts the call, applies faults and quota and runs the
// handler under the lock.
func (c *Cloud) locking(m *api.Method, k class, h handler) http.HandlerFunc {
	return c.serve(m, k, func(r *Request) (result any, err error) {
		defer c.outbox.flush()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.advance()
		if err := c.checkZone(r); err != nil {
			return nil, err
		}
		if result, err = h(r); err != nil {
			return nil, err
		}
		c.advance()
		if later, ok := result.(renderer); ok {
			return later.render(), nil
		}
		return result, nil
	})
}

// serve is like locking, for a handler that takes the lock itself.
func (c *Cloud) serve(m *api.Method, k class, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, httpRequest *http.Request) {
		r, err := newRequest(m, httpRequest)
		if err != nil {
			writeError(w, err)
			return
		}
		result, err := c.call(r, k, h)
		if r.fault != nil && (r.fault.LoseResponse || r.fault.DropRequest) {
			panic(http.ErrAbortHandler) // closes the connection without an answer
		}
		if err != nil {
			writeError(w, err)
			return
		}
		writeJSON(w, httpRequest, http.StatusOK, result)
	}
}

func (c *Cloud) call(r *Request, k class, h handler) (any, error) {
	c.mu.Lock()
	c.calls[r.Method]++
	c.mu.Unlock()
	r.fault = c.faultFor(r)
	if f := r.fault; f != nil {
		if f.Delay > 0 {
			if err := c.opts.Sleep(r.http.Context(), f.Delay); err != nil {
				return nil, clientGone(err)
			}
		}
		if f.DropRequest {
			return nil, nil
		}
		if f.Status != 0 {
			return nil, f.httpError()
		}
	}
	if err := c.spendQuota(r.Project, k); err != nil {
		return nil, err
	}
	if k == mutation {
		if err := r.api.CheckQuery(r.Query); err != nil {
			return nil, err
		}
	}
	return h(r)
}

func (c *Cloud) spendQuota(project string, k class) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quota.spend(project, k, c.opts.Now())
}

func writeError(w http.ResponseWriter, err error) {
	var e *apiError
	var refusal *api.Error
	switch {
	case errors.As(err, &refusal):
		e = &apiError{Status: http.StatusBadRequest, Reason: refusal.Reason, Message: refusal.Message}
	case !errors.As(err, &e):
		e = &apiError{Status: http.StatusInternalServerError, Reason: "backendError", Message: err.Error()}
	}
	writeJSON(w, nil, e.Status, e.body())
}

func writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if r == nil || r.URL.Query().Get("prettyPrint") == "true" {
		encoder.SetIndent("", "  ")
	}
	if err := encoder.Encode(v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Vary", "Origin, X-Origin, Referer")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client is gone; nobody to tell
}

// timestamp formats in RFC 3339 with microseconds, as in the recorded exchanges.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
