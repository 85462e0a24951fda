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
	openMachines  = 10_000
	openTime      = time.Minute
	openHold      = time.Second // on average
)

// Lease measures the Machine Provider under load.
func Lease(ctx context.Context, o Options) (Result, error) {
	l := leasing{result: newResult("lease", o)}
	s, err := start(ctx, o, never)
	if err != nil {
		return l.result, err
	}
	defer s.stop()
	l.system = s
	switch {
	case o.Rate > 0:
		err = l.open(ctx, o.Rate, o.Machines, 0)
	case o.Emulators:
		err = l.widths(ctx)
	default:
		err = l.crowd(ctx)
		for _, load := range []struct {
			rate  int
			limit time.Duration
		}{{1000, 10 * time.Millisecond}, {2500, 20 * time.Millisecond}} {
			if err == nil {
				err = l.open(ctx, load.rate, openMachines, load.limit)
			}
		}
	}
	return l.result, err
}

// leasing is one run of the benchmark.
type leasing struct {
	system *system
	result Result
}

// load makes a load, and adds its counts and violations to the result.
func (l *leasing) load(ctx context.Context, what string, options loadtest.Options) (loadtest.Report, error) {
	l.system.options.Say("lease: %s for %s", what, options.Duration)
	options.URL, options.Backend, options.Lessee = l.system.Endpoints.MachineProvider, backendToken, lesseeToken
	options.Prefix = fmt.Sprintf("of-%d", options.Machines)
	options.Rand = rand.New(rand.NewPCG(uint64(options.Clients), uint64(options.Rate))) //nolint:gosec // load, not secrets
	measured := l.system.measure()
	report, err := loadtest.Run(ctx, options)
	if err != nil {
		return report, fmt.Errorf("make the load of %s: %w", what, err)
	}
	l.result.Runs = append(l.result.Runs, measured.end(what))
	problems := len(report.Problems)
	l.result.target("lease, "+what+": machines with two lessees, leases lost", "0", fmt.Sprint(problems), problems == 0)
	return report, nil
}

// crowd has many clients lease as fast as they can.
func (l *leasing) crowd(ctx context.Context) error {
	what := fmt.Sprintf("%d clients, %s machines", leaseClients, count(leaseMachines))
	report, err := l.load(ctx, what, loadtest.Options{Clients: leaseClients, Machines: leaseMachines, Duration: leaseTime})
	if err != nil {
		return err
	}
	l.result.target("lease, "+what+": leases a second", "> 100", number(report.PerSecond), report.PerSecond > 100)
	l.result.target("lease: latency, 95th percentile", "< 1s", round(report.P95).String(), report.P95 < time.Second)
	l.result.figure("lease: latency, median and 99th percentile", fmt.Sprintf("%s, %s", round(report.P50), round(report.P99)))
	return nil
}

// widths compares few clients with many, which must not get fewer leases.
func (l *leasing) widths(ctx context.Context) error {
	few := 0.0
	for _, clients := range []int{8, 64, 256} {
		what := fmt.Sprintf("%d clients, %s machines", clients, count(leaseMachines))
		report, err := l.load(ctx, what, loadtest.Options{Clients: clients, Machines: leaseMachines, Duration: leaseTime})
		if err != nil {
			return err
		}
		if few == 0 {
			few = report.PerSecond
			l.result.figure("lease, "+what+": leases a second", number(report.PerSecond))
			continue
		}
		least := 0.9 * few
		l.result.target("lease, "+what+": leases a second", "≥ "+number(least), number(report.PerSecond), report.PerSecond >= least)
		l.result.target("lease, "+what+": latency, 95th percentile", "< 1s", round(report.P95).String(), report.P95 < time.Second)
	}
	return nil
}

// open begins leases at a fixed rate. Without a limit it only reports the
// latency.
func (l *leasing) open(ctx context.Context, rate, machines int, limit time.Duration) error {
	what := fmt.Sprintf("%s a second, %s machines", count(rate), count(machines))
	report, err := l.load(ctx, what, loadtest.Options{Rate: rate, Machines: machines, Hold: openHold, Duration: openTime})
	if err != nil {
		return err
	}
	l.result.figure("lease, "+what+": leases and releases a second", number(report.PerSecond))
	l.result.figure("lease, "+what+": latency, median and 95th percentile", fmt.Sprintf("%s, %s", round(report.P50), round(report.P95)))
	for _, call := range []struct {
		name string
		p99  time.Duration
	}{{"lease", report.P99}, {"release", report.ReleaseP99}} {
		figure := call.name + ", " + what + ": latency, 99th percentile"
		if limit > 0 {
			l.result.target(figure, "< "+limit.String(), round(call.p99).String(), call.p99 < limit)
		} else {
			l.result.figure(figure, round(call.p99).String())
		}
	}
	return nil
}
