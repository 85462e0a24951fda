package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// adminRoutes serves the admin endpoint, which controls the simulator by JSON over
// HTTP. Each command has a Go method too.
func (c *Cloud) adminRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /admin/state", func(w http.ResponseWriter, _ *http.Request) { writeAdmin(w, c.State()) })
	mux.HandleFunc("GET /admin/vms", func(w http.ResponseWriter, _ *http.Request) { writeAdmin(w, c.VMs()) })
	mux.HandleFunc("GET /admin/calls", func(w http.ResponseWriter, _ *http.Request) {
		writeAdmin(w, map[string]any{"calls": c.Calls(), "mutations": c.Mutations()})
	})
	adminCommand(mux, "calls/reset", func(struct{}) error { c.ResetCalls(); return nil })
	adminCommand(mux, "reset", func(struct{}) error { c.Reset(); return nil })
	adminCommand(mux, "advance", func(struct{}) error { c.Advance(); return nil })
	adminCommand(mux, "faults", func(i Injection) error {
		if i.Method == "" {
			return required("method")
		}
		c.Inject(i)
		return nil
	})
	adminCommand(mux, "faults/clear", func(struct{}) error { c.ClearFaults(); return nil })
	adminCommand(mux, "unstick", func(struct{}) error { c.Unstick(); return nil })
	adminCommand(mux, "quota", func(q Quota) error {
		if q == (Quota{}) {
			c.SetQuota(nil)
			return nil
		}
		c.SetQuota(&q)
		return nil
	})
	adminCommand(mux, "settings", func(s Settings) error { c.SetSettings(s); return nil })
	adminCommand(mux, "snapshots", c.CreateSnapshot)
	for name, command := range map[string]func(project, zone, name string) error{
		"preempt": c.Preempt, "stop": c.StopVM, "delete": c.DeleteVM, "repair": c.RepairVM,
	} {
		adminCommand(mux, "vms/"+name, func(v vmName) error { return command(v.Project, v.Zone, v.Name) })
	}
}

type vmName struct {
	Project string `json:"project"`
	Zone    string `json:"zone"`
	Name    string `json:"name"`
}

// adminCommand serves POST /admin/NAME. It refuses unknown fields.
func adminCommand[T any](mux *http.ServeMux, name string, do func(T) error) {
	mux.HandleFunc("POST /admin/"+name, func(w http.ResponseWriter, r *http.Request) {
		var argument T
		d := json.NewDecoder(io.LimitReader(r.Body, maxBody))
		d.DisallowUnknownFields()
		if err := d.Decode(&argument); err != nil && !errors.Is(err, io.EOF) {
			writeError(w, invalid("/admin/%s: %v", name, err))
			return
		}
		if err := do(argument); err != nil {
			writeError(w, invalid("/admin/%s: %v", name, err))
			return
		}
		writeAdmin(w, map[string]any{})
	})
}

func writeAdmin(w http.ResponseWriter, v any) { writeJSON(w, nil, http.StatusOK, v) }
