package promises

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// Before checks each request to Compute Engine when it arrives, and then serves
// it.
func (c *Checker) Before(compute http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if invariants.IsForeign(r) {
			c.Break(invariants.OnlyOurs, "%s %s", r.Method, r.URL.Path)
		}
		if !invariants.Changes(r) {
			compute.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest) // the suite was killed while it sent the request
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.asking.Lock()
		defer c.asking.Unlock()
		c.asked(r, body)
		compute.ServeHTTP(w, r)
	})
}

// asked checks a request that changes something.
func (c *Checker) asked(r *http.Request, body []byte) {
	// Not with the request's context: its sender may be killed meanwhile.
	v, err := c.Look(context.WithoutCancel(r.Context()))
	if err != nil {
		c.Break(invariants.LeasedStays, "%s %s could not be checked: %v", r.Method, r.URL.Path, err)
		return
	}
	effect, found := v.Asked(r, body)
	c.absorb(found, func() {
		for _, key := range effect.Deleted {
			c.vms[key] = true
		}
		c.note("%s %s?%s %s", r.Method, r.URL.Path, r.URL.RawQuery, strings.Join(effect.Deleted, " "))
	})
}
