package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gce-backend/gce-backend/shared/lab/loadtest"
)

// The load of the lease benchmark.
const (
	leaseClients  = 64
	leaseMachines = 1000
	leaseTime     = 10 * time.Second
)

// Lease measures the Machine Provider under load.
func Lease(ctx context.Context, o Options) (Result, error) {
	result := newResult("lease", o)
	s, err := start(ctx, o, never)
	if err != nil {
		return result, err
	}
	defer s.stop()
	o.Say("lease: %d clients for %s", leaseClients, leaseTime)
	measured := s.measure()
	report, err := loadtest.Run(ctx, loadtest.Options{
		URL: s.Endpoints.MachineProvider, Backend: backendToken, Lessee: lesseeToken,
		Clients: leaseClients, Machines: leaseMachines, Prefix: "load", Duration: leaseTime,
		Rand: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // load, not secrets
	})
	if err != nil {
		return result, fmt.Errorf("make the load: %w", err)
	}
	measured.reached()
	result.Runs = append(result.Runs, measured.end(fmt.Sprintf("%d clients, %s machines", leaseClients, count(leaseMachines))))
	result.target("lease, 64 clients, 1,000 machines: leases a second", "> 100", number(report.PerSecond), report.PerSecond > 100)
	result.target("lease: latency, 95th percentile", "< 1s", round(report.P95).String(), report.P95 < time.Second)
	result.target("lease: machines with two lessees, leases lost", "0", fmt.Sprint(len(report.Problems)), len(report.Problems) == 0)
	result.figure("lease: latency, median and 99th percentile", fmt.Sprintf("%s, %s", round(report.P50), round(report.P99)))
	return result, nil
}
