package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/suite"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// hours is a suite whose clock can be put forward, for alerts about conditions
// that last for hours.
type hours struct {
	*local
	suite *suite.Suite
	ahead atomic.Int64
}

// startHours starts a suite with machines of one template in one zone.
func startHours(t *testing.T, machines int) *hours {
	t.Helper()
	folder := t.TempDir()
	h := &hours{local: &local{t: t, log: filepath.Join(folder, "log"), output: &output{}, ended: make(chan error)}}
	file, err := os.Create(h.log)
	if err != nil {
		t.Fatal(err)
	}
	configure(t, folder, zone{"linux-small", "us-central1-a", machines})
	h.suite, err = suite.Start(t.Context(), suite.Options{
		Config: folder, Tick: 100 * time.Millisecond, VMBoot: 50 * time.Millisecond, Operation: 20 * time.Millisecond,
		Log: logging.JSON(file),
		Now: func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.suite.Stop(t.Context())
		_ = file.Close()
	})
	h.endpoints = h.suite.Endpoints
	h.converged()
	return h
}

func (h *hours) forward(by time.Duration) { h.ahead.Add(int64(by)) }

// A VM that Compute Engine does not delete is found by its alert's page.
func TestDeletionStuckPage(t *testing.T) {
	h := startHours(t, 1)
	h.suite.Cloud.Inject(simulator.Injection{Method: "instances.delete", Count: -1, Fault: simulator.Fault{NeverEnds: true}})
	var lease struct{ Hostname string }
	request := map[string]any{"request_id": "one", "indefinite": true, "dimensions": map[string]any{}}
	h.call("machine_provider/v1/lease", "lessee@example.com", request, &lease)
	var answer any
	h.call("machine_provider/v1/release", "lessee@example.com", map[string]any{"request_id": "one"}, &answer)
	of := `"hostname":"` + lease.Hostname + `"`
	h.eventually("its deletion is asked for", func() error {
		_, err := h.last(`"event":"DELETION_SCHEDULED"`, of)
		return err
	})
	h.forward(20 * time.Minute)
	h.says("DELETION_STUCK", "docs/operations/deletion-stuck.md", map[string]string{"HOSTNAME": lease.Hostname}, of)
}

// A Machine Provider that lost its data is found by its alert's page.
func TestBrakeEngagedPage(t *testing.T) {
	h := startHours(t, 8)
	h.forward(time.Hour) // no offer is under way any more
	for _, vm := range h.suite.Cloud.VMs() {
		key := store.MustKey("machines", "GCE:"+vm.Name)
		if _, err := h.suite.Store.Commit(t.Context(), store.Delete(key)); err != nil {
			t.Fatal(err)
		}
	}
	h.says("BRAKE_ENGAGED", "docs/operations/brake-engaged.md", nil)
	if n := len(h.suite.Cloud.VMs()); n != 8 {
		t.Errorf("there are %d VMs, not 8", n)
	}
}

// says waits for an event while hours pass, and looks it up by a page's
// queries.
func (h *hours) says(event, name string, values map[string]string, parts ...string) {
	h.t.Helper()
	var line map[string]any
	h.eventually(event+" is logged", func() (err error) {
		if line, err = h.last(append(parts, `"event":"`+event+`"`)...); err != nil {
			h.forward(time.Minute)
		}
		return err
	})
	if next, _ := line["next"].(string); line["severity"] != "ERROR" || next == "" {
		h.t.Errorf("it does not say what comes next: %v", line)
	}
	if err := leads(pageNamed(h.t, name), values, line); err != nil {
		h.t.Error(fmt.Errorf("%s: %w", event, err))
	}
}
