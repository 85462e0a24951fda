// Package broker keeps the Machine Provider's catalog and leases in the store:
// it gives machines to requests in atomic steps, sends messages to backends and
// lessees, and finishes what a crash left half done.
//
// Every step is one write-only commit with preconditions over a lease and its
// machine. A lease is running exactly while its machine's document names it,
// because no step writes one without the other. What is kept in memory (leases
// and machines as this process last saw them, and whose turn it is to hand out
// machines) only saves reads and futile attempts; correctness never depends on
// it. Under load the steps of many callers share a commit: a store handles a few
// large commits faster than many small ones at once.
package broker

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/combine"
	"github.com/gce-backend/gce-backend/shared/leasing"
)

const (
	// commitTimeout bounds the wait for a turn to commit and, separately, the
	// commit itself. The overlap of Changes depends on it.
	commitTimeout = 10 * time.Second
	// commitsAtOnce is how many commits of steps run concurrently; the steps that
	// arrive while all are busy share the next commit.
	commitsAtOnce = 8
	// publishTimeout bounds one attempt to send messages.
	publishTimeout = 10 * time.Second
	// maxAttempts is how often a step is tried under conflicts.
	maxAttempts = 20
)

// Options are what a Broker is given.
type Options struct {
	Store     store.Store
	Publisher event.Publisher
	Now       func() time.Time
	Rand      *rand.Rand
	Log       *slog.Logger
	// Project is the project of topics that name none.
	Project string
	// Limits returns the current limits; leasing.DefaultLimits when nil.
	Limits func() leasing.Limits
}

// Broker serves the catalog and the leases. It is safe for concurrent use.
type Broker struct {
	options Options
	dice    dice
	// trying holds the keys of the machines that requests of this process are
	// trying to lease, so that others of it try different ones.
	trying    sync.Map
	free      seenFree
	searching chan struct{} // held while a request searches the store for free machines
	handing   chan struct{} // held while machines are handed to waiting requests
	recent    recent
	steps     *combine.Combiner[change, changed]
	handouts  *combine.Combiner[[]storedMachine, struct{}]
	rounds    *combine.Combiner[leasing.Dimensions, round]
}

// New makes a Broker.
func New(options Options) *Broker {
	if options.Limits == nil {
		options.Limits = leasing.DefaultLimits
	}
	b := &Broker{
		options:   options,
		dice:      dice{rand: rand.New(rand.NewPCG(options.Rand.Uint64(), options.Rand.Uint64()))}, //nolint:gosec // it spreads load
		searching: make(chan struct{}, 1),
		handing:   make(chan struct{}, 1),
	}
	b.free.dice = &b.dice
	b.steps = combine.New(commitsAtOnce, b.applyTogether)
	b.handouts = combine.New(1, b.handOutTogether)
	b.rounds = combine.New(1, b.serveTogether)
	return b
}

// now returns the current time, truncated as the store truncates it.
func (b *Broker) now() time.Time { return store.Truncate(b.options.Now()) }

func (b *Broker) limits() leasing.Limits { return b.options.Limits().WithDefaults() }

// dice is a source of randomness that is safe for concurrent use.
type dice struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func (d *dice) below(n int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rand.Int64N(n)
}

func (d *dice) shuffle(n int, swap func(i, j int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rand.Shuffle(n, swap)
}

// lock waits for a turn to search or to hand out machines. waited reports
// whether another request held the turn, in which case what the caller read
// before may be out of date.
func lock(ctx context.Context, turn chan struct{}) (unlock func(), waited bool, err error) {
	unlock = func() { <-turn }
	select {
	case turn <- struct{}{}:
		return unlock, false, nil
	default:
	}
	select {
	case turn <- struct{}{}:
		return unlock, true, nil
	case <-ctx.Done():
		return nil, true, fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
}
