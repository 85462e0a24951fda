package e2e

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// A leased machine is shown as leased. After its release it is deleted and
// replaced.
func TestLeaseAndRelease(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	configure(t, folder, zone{"linux-small", "us-central1-a", 2})
	l := start(t, "--config", folder, "--tick", "1h") // by events
	l.converged()
	var lease struct {
		State    string `json:"state"`
		Hostname string `json:"hostname"`
	}
	request := map[string]any{"request_id": "one", "duration": "600", "dimensions": map[string]any{"os_family": "LINUX"}}
	l.call("machine_provider/v1/lease", "lessee@example.com", request, &lease)
	if lease.State != "FULFILLED" || lease.Hostname == "" {
		t.Fatalf("leased %+v", lease)
	}
	l.eventually("the lease is seen", func() error {
		if now := l.pools().Pools[0]; now.Leased != 1 {
			return fmt.Errorf("%+v", now)
		}
		return nil
	})
	var released any
	l.call("machine_provider/v1/release", "lessee@example.com", map[string]any{"request_id": "one"}, &released)
	l.eventually("the machine is replaced", func() error {
		var vms []simulator.VM
		l.get(l.endpoints.Compute+"/admin/vms", &vms)
		for _, vm := range vms {
			if vm.Name == lease.Hostname {
				return errors.New("it is still there: " + vm.Status)
			}
		}
		if now := l.pools().Pools[0]; now.Cataloged != 2 || now.Leased != 0 || now.Leaving != 0 {
			return fmt.Errorf("%+v", now)
		}
		return nil
	})
}
