package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// computeTransport carries requests to Compute Engine.
type computeTransport struct{ world *World }

// waitLimit is how long a caller waits for an operation. It stands in for
// operationTimeout of package rest, which is measured by the machine's clock.
const waitLimit = 2 * time.Minute

// RoundTrip looks at each request before it reaches Compute Engine.
func (c computeTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := c.world
	ctx := r.Context()
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body) // the body is in memory
		_ = r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	path := strings.TrimPrefix(r.URL.Path, "/compute/v1/projects/")
	what := func() string {
		return fmt.Sprintf("%s %s %.300s", r.Method, path, r.URL.Query().Get("size")+string(body))
	}
	if strings.HasSuffix(path, "/wait") && w.tasks.current != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, waitLimit)
		defer cancel()
		r = r.WithContext(ctx)
	}
	return gated(ctx, w, what, func() (*http.Response, error) {
		w.Stats.Calls++
		if invariants.Changes(r) {
			w.Stats.Mutations++
			w.requests[r.URL.Query().Get("requestId")] = true
			w.Stats.Distinct = len(w.requests)
		}
		if w.tasks.current != nil {
			w.asked(r, body)
		}
		response, err := w.Cloud.Transport().RoundTrip(r)
		if err != nil {
			return nil, err
		}
		w.note("answered: %s", func() string { return response.Status })
		w.stir(response.Status)
		return response, nil
	})
}

// asked checks a job's request to Compute Engine before it is served.
func (w *World) asked(r *http.Request, body []byte) {
	w.check(invariants.OnlyOurs)
	if invariants.IsForeign(r) {
		w.Break(invariants.OnlyOurs, r.Method+" "+r.URL.Path)
	}
	if !invariants.Changes(r) {
		return
	}
	w.frozenAsked(r, body)
	effect, found := w.view().Asked(r, body)
	w.absorb(found)
	w.Stats.Deletions += len(effect.Deleted)
	w.Stats.Raises += effect.Raised
}

var errReset = errors.New("connection reset by peer")
