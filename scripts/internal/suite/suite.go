package suite

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
	"github.com/gce-backend/gce-backend/scripts/internal/framework"
	"github.com/gce-backend/gce-backend/scripts/internal/pools"
	"github.com/gce-backend/gce-backend/scripts/internal/ticks"
	"github.com/gce-backend/gce-backend/scripts/internal/upload"
	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
)

// Suite is a running system.
type Suite struct {
	Endpoints endpoints.Endpoints
	// Cloud is the simulator; nil if COMPUTE_ENDPOINT names another one.
	Cloud *simulator.Cloud
	// Store is the store, which counts its calls.
	Store *metered.Store

	opts      Options
	inner     store.Store // the store below the counting
	manifest  manifest.Manifest
	ports     ports
	messages  messages
	source    configsource.Source
	provider  http.Handler
	functions *framework.Server
	// asked counts calls of the Machine Provider by method, delivered messages by
	// job, published messages to the emulator by topic.
	asked, delivered, published tally
	stopping                    sync.Mutex              // guards stops
	stops                       []func(context.Context) // in the order of the starts
	stopTicks                   context.CancelFunc
}

// Start starts everything and returns when it can be used. After an error it
// stops what it has started.
func Start(ctx context.Context, opts Options) (*Suite, error) {
	s := &Suite{opts: opts.withDefaults()}
	if err := s.start(ctx); err != nil {
		s.Stop(ctx)
		return nil, err
	}
	return s, nil
}

func (s *Suite) start(ctx context.Context) error {
	var err error
	if s.manifest, err = manifest.Parse(functions.Manifest); err != nil {
		return err
	}
	if err := ticks.Check(s.manifest); err != nil {
		return err
	}
	s.Endpoints = endpoints.Endpoints{Project: s.opts.Project, PID: os.Getpid()}
	for _, step := range []func(context.Context) error{
		s.choosePort, s.openSource, s.startEmulators, s.openStore, s.openMessages,
		s.startCompute, s.startMachineProvider, s.startStatus, s.startFunctions, s.subscribe,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	s.startTicks()
	return nil
}

// Stop stops everything in reverse order: first the ticks, then the messages
// under way, then what they use. When ctx ends, it stops by force.
func (s *Suite) Stop(ctx context.Context) {
	if s.stopTicks != nil {
		s.stopTicks()
	}
	for i := len(s.stops) - 1; i >= 0; i-- {
		s.stops[i](ctx)
	}
	s.stops = nil
}

func (s *Suite) onStop(stop func(context.Context)) {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	s.stops = append(s.stops, stop)
}

func (s *Suite) startTicks() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticks.Ticker{
			Manifest: s.manifest, Publisher: s.messages, Every: s.opts.Tick,
			Start: time.Now(), Log: s.opts.Log,
		}.Run(ctx)
	}()
	s.stopTicks = func() {
		cancel()
		<-ended
	}
}

// Publisher publishes as the functions do.
func (s *Suite) Publisher() event.Publisher { return s.messages }

// Idle reports whether no message is under way.
func (s *Suite) Idle() bool { return s.messages.Idle() }

// Pools returns the reader of the pools' progress.
func (s *Suite) Pools() pools.Reader {
	return pools.Reader{
		Store: s.inner, Source: s.source, Now: s.opts.Now, Log: s.opts.Log, Jobs: job.Names(functions.Jobs()), Running: s.running,
	}
}

func (s *Suite) openSource(ctx context.Context) error {
	address, err := upload.Address(s.opts.Config)
	if err != nil {
		return err
	}
	if s.source, err = configsource.Open(ctx, address, configsource.Options{}); err != nil {
		return fmt.Errorf("open the configuration: %w", err)
	}
	s.onStop(func(context.Context) { _ = s.source.Close() }) // only read
	return nil
}

func slogError(to *slog.Logger) *log.Logger { return slog.NewLogLogger(to.Handler(), slog.LevelWarn) }
