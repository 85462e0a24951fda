package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/promises"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// TestKilled kills the suite with SIGKILL every few seconds while machines are
// leased, the configuration is edited and VMs are lost. Compute Engine and the
// emulators go on, and are looked at all the while. Then it rests, and
// everything must become as configured.
//
// KILL_FOR=3m kills it for three minutes, KILL_SEED repeats a run's random
// choices.
func TestKilled(t *testing.T) {
	k := newKilling(t)
	k.running = k.launch()
	k.running.eventually("it is up", k.running.up)
	k.provider.moved(k.running.endpoints)
	k.running.eventually("it is as configured", k.differences)
	k.takeForeign()

	stop := k.everyone()
	for over := time.Now().Add(k.lasts); time.Now().Before(over) && len(k.checker.Broken()) == 0; {
		k.kill()
	}
	close(stop)
	k.rest()
	k.quiet()
	k.report()
}

// Times of a test.
const (
	shortKilling = 30 * time.Second
	lookEvery    = 200 * time.Millisecond
	// restBound is how long the suite has to come to rest: a killed run's claim
	// is held for up to three minutes, and what is drained stays for one.
	restBound = 5 * time.Minute
)

// killing is a test in which the suite is killed.
type killing struct {
	t        *testing.T
	seed     uint64
	dice     *rand.Rand // of the test's own goroutine
	lasts    time.Duration
	project  string
	folder   string
	log      string
	running  *local
	others   sync.WaitGroup
	checker  *promises.Checker
	compute  *compute
	provider *provider
	config   *configuration
	foreign  string
	kills    int
	rested   time.Duration
	written  atomic.Int64 // configurations
	lost     atomic.Int64 // VMs taken away by hand
}

func newKilling(t *testing.T) *killing {
	t.Helper()
	k := &killing{t: t, seed: rand.Uint64(), lasts: shortKilling, project: fmt.Sprintf("p%d", time.Now().UnixNano()), // the emulators may be older ones
		folder: t.TempDir(), log: filepath.Join(t.ArtifactDir(), "killed.log"), provider: &provider{}}
	var err error
	if text := os.Getenv("KILL_FOR"); text != "" {
		if k.lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	if text := os.Getenv("KILL_SEED"); text != "" {
		if k.seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("KILL_SEED=%d KILL_FOR=%v", k.seed, k.lasts)
	k.dice = k.dicer(0)
	k.compute = startComputeEngine(t, k.project, k.dicer(1))
	k.checker = k.compute.checker
	k.config = &configuration{folder: k.folder, checker: k.checker}
	if err := errors.Join(k.config.write(usualPools), k.checker.MakeForeign(t.Context(), vmProject, usualPools[0])); err != nil {
		t.Fatal(err)
	}
	settings(t, k.folder)
	t.Setenv("COMPUTE_ENDPOINT", k.compute.url)
	t.Cleanup(k.explain)
	return k
}

// dicer makes the n-th source of chance: each goroutine has its own.
func (k *killing) dicer(n uint64) *rand.Rand { return rand.New(rand.NewPCG(k.seed, n)) }

func (k *killing) launch() *local {
	return launch(k.t, k.log, "--project", k.project, "--config", k.folder, "--tick", "500ms")
}

// everyone lets lessees, people and the checks begin. They end some time after
// the channel is closed; the checks go on to the end of the test.
func (k *killing) everyone() (stop chan struct{}) {
	stop = make(chan struct{})
	for n := range 8 {
		l := &lessee{name: fmt.Sprintf("lessee%d", n), provider: k.provider, checker: k.checker, dice: k.dicer(uint64(100 + n)), keeps: n < 2}
		k.others.Go(func() { l.live(k.t.Context(), stop) })
	}
	p := &people{killing: k, dice: k.dicer(2)}
	k.others.Go(func() { p.meddle(stop) })
	go k.look()
	return stop
}

// look checks everything until the test ends.
func (k *killing) look() {
	for every := time.Tick(lookEvery); ; {
		select {
		case <-k.t.Context().Done():
			return
		case <-every:
		}
		if err := k.checker.Round(k.t.Context()); err != nil && k.t.Context().Err() == nil {
			k.checker.Break(invariants.KnownState, "the records cannot be read: %v", err)
			return
		}
	}
}

// kill lets the suite run for a few seconds, kills it and starts it again.
// Sometimes it does not wait until the suite is up.
func (k *killing) kill() {
	wait := 2*time.Second + time.Duration(k.dice.Int64N(int64(4*time.Second)))
	if k.dice.IntN(6) == 0 {
		wait /= 4
	} else {
		k.running.eventually("it is up", k.running.up)
		k.provider.moved(k.running.endpoints)
	}
	select {
	case <-time.After(wait): // its life
	case err := <-k.running.ended:
		k.t.Fatalf("the suite ended by itself: %v\n%s", err, k.running.output)
	}
	if err := k.running.command.Process.Kill(); err != nil {
		k.t.Fatal(err)
	}
	<-k.running.ended
	k.kills++
	k.checker.Note("killed")
	k.running = k.launch()
}
