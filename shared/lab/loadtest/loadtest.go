// Package loadtest leases and releases machines from many clients at once
// against a Machine Provider's URL, measures how fast that is, and checks that
// no machine has two lessees, no lease is lost and no waiting request is
// overtaken. It uses only the HTTP interface.
package loadtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/pause"
)

// Options configure the load.
type Options struct {
	// URL is the Machine Provider's URL, without /_ah/api.
	URL string
	// Backend and Lessee are the bearer tokens of a backend and of a lessee.
	Backend, Lessee string
	// Clients is how many clients lease at once, each again as soon as it has
	// released. If Rate is not 0, Rate leases begin each second instead, whether
	// or not earlier ones have ended, and the latency of each counts from the
	// time at which it was due.
	Clients, Rate int
	// Machines is how many machines are added for the load, named by Prefix.
	Machines int
	Prefix   string
	// Duration is the time during which new leases are begun. Leases, if not 0,
	// is the largest number of leases.
	Duration time.Duration
	Leases   int
	// Hold is the average time for which a client keeps a machine; the actual
	// times are random, up to twice that.
	Hold time.Duration
	// Topic is the backend's topic for messages; "" for none.
	Topic string
	// Patience is how long a request is retried, so that a run survives a restart
	// of the server; 30 s when 0.
	Patience time.Duration
	Client   *http.Client
	Rand     *rand.Rand
}

// Report is the result of a run.
type Report struct {
	Leases        int           `json:"leases"`
	Waited        int           `json:"waited"` // leases whose request was PENDING first
	Retries       int           `json:"retries"`
	Duration      time.Duration `json:"duration_ns"`
	PerSecond     float64       `json:"leases_per_second"`
	P50, P95, P99 time.Duration // of the lease requests that were fulfilled at once
	ReleaseP95    time.Duration
	ReleaseP99    time.Duration
	// Problems are violations: a machine with two lessees, a lease that was
	// lost, a machine that did not come back.
	Problems []string `json:"problems"`
}

// Run makes the load and returns its report. The error says that the load could
// not be made; violations are in the report.
func Run(ctx context.Context, options Options) (Report, error) {
	if options.Patience == 0 {
		options.Patience = 30 * time.Second
	}
	if options.Client == nil {
		options.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: max(options.Clients, options.Rate) + 1}}
	}
	l := &load{options: options, holders: map[string]string{}, run: options.Rand.Uint64()}
	if err := l.addMachines(ctx); err != nil {
		return Report{}, err
	}
	begin := time.Now()
	l.end = begin.Add(options.Duration)
	if options.Rate > 0 {
		l.arrivals(ctx, begin)
	} else {
		l.clients(ctx)
	}
	took := time.Since(begin)
	if err := errors.Join(l.failed...); err != nil {
		return Report{}, err
	}
	if err := l.checkMachines(ctx); err != nil {
		return Report{}, err
	}
	return l.report(took), nil
}

// load is one run.
type load struct {
	options Options
	run     uint64
	end     time.Time
	order   order

	mu       sync.Mutex
	holders  map[string]string // request by hostname
	begun    int
	leases   []time.Duration
	releases []time.Duration
	waited   int
	retries  int
	problems []string
	failed   []error
}

// more reports whether another lease may begin, and counts it.
func (l *load) more() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().After(l.end) || l.options.Leases > 0 && l.begun >= l.options.Leases || len(l.failed) > 0 {
		return false
	}
	l.begun++
	return true
}

// clients runs the clients, each of which leases again as soon as it has
// released.
func (l *load) clients(ctx context.Context) {
	var clients sync.WaitGroup
	for number := range l.options.Clients {
		dice := l.dice()
		clients.Go(func() {
			for n := 0; l.more(); n++ {
				l.cycle(ctx, fmt.Sprintf("load-%x-%d-%d", l.run, number, n), time.Now(), dice)
			}
		})
	}
	clients.Wait()
}

// arrivals begins Rate leases a second.
func (l *load) arrivals(ctx context.Context, begin time.Time) {
	var leases sync.WaitGroup
	for n := 0; l.more() && ctx.Err() == nil; n++ {
		at := begin.Add(time.Duration(n) * time.Second / time.Duration(l.options.Rate))
		_ = pause.For(ctx, time.Until(at)) // the loop sees that ctx has ended
		dice := l.dice()
		leases.Go(func() { l.cycle(ctx, fmt.Sprintf("load-%x-%d", l.run, n), at, dice) })
	}
	leases.Wait()
}

// dice returns a source of randomness for one goroutine.
func (l *load) dice() *rand.Rand {
	return rand.New(rand.NewPCG(l.options.Rand.Uint64(), l.run)) //nolint:gosec // load, not secrets
}

// cycle leases a machine, holds it and gives it back. at is the time at which it
// was due.
func (l *load) cycle(ctx context.Context, id string, at time.Time, dice *rand.Rand) {
	hostname, err := l.lease(ctx, id, at, dice)
	if err == nil {
		l.hold(hostname, id)
		over := time.Now()
		if l.options.Hold > 0 {
			over = over.Add(time.Duration(dice.Int64N(int64(2 * l.options.Hold))))
			_ = pause.For(ctx, time.Until(over)) // the machine is released all the same
		}
		l.letGo(hostname, id)
		err = l.release(ctx, id, over)
	}
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = append(l.failed, fmt.Errorf("request %s: %w", id, err))
	}
}

func (l *load) hold(hostname, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other, taken := l.holders[hostname]; taken {
		l.problem("%s has two lessees: %s and %s", hostname, other, id)
	}
	l.holders[hostname] = id
}

// problem records a violation; the caller holds the lock.
func (l *load) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

func (l *load) letGo(hostname, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holders[hostname] == id {
		delete(l.holders, hostname)
	}
}

func (l *load) report(took time.Duration) Report {
	slices.Sort(l.leases)
	slices.Sort(l.releases)
	done := len(l.releases)
	return Report{
		Leases: done, Waited: l.waited, Retries: l.retries, Duration: took,
		PerSecond:  float64(done) / took.Seconds(),
		P50:        percentile(l.leases, 50),
		P95:        percentile(l.leases, 95),
		P99:        percentile(l.leases, 99),
		ReleaseP95: percentile(l.releases, 95),
		ReleaseP99: percentile(l.releases, 99),
		Problems:   l.problems,
	}
}

func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

// String returns the report in a few lines.
func (r Report) String() string {
	text := fmt.Sprintf("%d leases in %.1f s: %.0f a second; lease p50 %s, p95 %s, p99 %s; release p95 %s; %d waited, %d requests repeated",
		r.Leases, r.Duration.Seconds(), r.PerSecond, round(r.P50), round(r.P95), round(r.P99), round(r.ReleaseP95), r.Waited, r.Retries)
	if len(r.Problems) == 0 {
		return text + "\nno machine with two lessees, no lease lost, nobody overtaken"
	}
	return fmt.Sprintf("%s\n%d PROBLEMS, such as: %s", text, len(r.Problems), r.Problems[0])
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
