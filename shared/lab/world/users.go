package world

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
)

// users is the state of the lessees and operators around the suite.
type users struct {
	listener func(record slog.Record, attrs []slog.Attr)
	requests int
	// deleted holds the groups that were deleted by hand, by zone and name.
	deleted map[[2]string]bool
}

// Listen passes every log line to a function.
func (w *World) Listen(to func(record slog.Record, attrs []slog.Attr)) { w.users.listener = to }

// Call has a lessee call the Machine Provider, as a task of its own. It passes
// the answer to then, or nil if there was none.
func (w *World) Call(method string, request map[string]any, then func(answer map[string]any)) {
	w.spawn("lessee."+method, func(ctx context.Context) error {
		body, err := json.Marshal(request)
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://provider.test/_ah/api/machine_provider/v1/"+method, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer dev:"+Lessee)
		response, err := providerTransport{w}.RoundTrip(r)
		var answer map[string]any
		if err == nil {
			defer func() { _ = response.Body.Close() }()
			text, _ := io.ReadAll(response.Body) // the body is in memory
			if response.StatusCode == http.StatusOK {
				err = json.Unmarshal(text, &answer)
			}
		}
		if then != nil {
			then(answer)
		}
		return err
	}, nil)
}

// Lease has the lessee ask for a machine for a number of seconds, or
// indefinitely for 0. It returns the request's id.
func (w *World) Lease(seconds int) string {
	w.users.requests++
	id := fmt.Sprintf("request-%d", w.users.requests)
	request := map[string]any{"request_id": id, "dimensions": map[string]any{"os_family": "LINUX"}}
	if seconds == 0 {
		request["indefinite"] = true
	} else {
		request["duration"] = fmt.Sprint(seconds)
	}
	w.Call("lease", request, nil)
	return id
}

// Release has the lessee give a machine back.
func (w *World) Release(id string) { w.Call("release", map[string]any{"request_id": id}, nil) }

// HostOf returns the hostname of the machine that a request holds; "" for none.
func (w *World) HostOf(id string) string {
	for _, lease := range w.mirror.Leases {
		if lease.RequestID == id && lease.Running() {
			return lease.Hostname
		}
	}
	return ""
}
