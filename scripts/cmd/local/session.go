package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/scripts/internal/endpoints"
	"github.com/gce-backend/gce-backend/scripts/internal/pools"
	"github.com/gce-backend/gce-backend/scripts/internal/suite"
	"github.com/gce-backend/gce-backend/shared/cloud/pause"
)

// errInterrupted reports an interrupt before the condition of --until was met.
var errInterrupted = errors.New("interrupted")

// failed reports why the condition of --until was not met.
type failed struct {
	what   string
	reason error
}

func (f *failed) Error() string {
	return f.what + ":\n  " + strings.ReplaceAll(f.reason.Error(), "\n", "\n  ")
}

func (f *failed) Unwrap() error { return f.reason }

const (
	// lookEvery is the interval at which the pools are read. If reading takes
	// long, the interval grows so that it takes a fifth of the time.
	lookEvery = 250 * time.Millisecond
	lookShare = 5
	lookLimit = 10 * time.Second
	// stopLimit is how long a clean shutdown may take.
	stopLimit = 10 * time.Second
)

// session is one run of the suite.
type session struct {
	args   arguments
	output *output
}

func (s session) run(ctx context.Context) error {
	options, err := s.args.options(ctx, s.output)
	if err != nil {
		return err
	}
	start := time.Now()
	running, err := suite.Start(ctx, options)
	if err != nil {
		return err
	}
	defer s.stop(ctx, running)
	addresses := running.Endpoints
	addresses.Log = s.output.logName()
	file, cleanUp, err := s.announce(addresses)
	if err != nil {
		return err
	}
	defer cleanUp()
	s.output.say("%s", summary{Endpoints: addresses, file: file, folder: options.Config, took: time.Since(start)})
	if s.args.Until == "" {
		s.watch(ctx, running, func(pools.Report) bool { return false })
		return nil
	}
	return s.until(ctx, running)
}

// until shows the pools until everything is as configured.
func (s session) until(ctx context.Context, running *suite.Suite) error {
	limited, cancel := context.WithTimeout(ctx, s.args.Timeout)
	defer cancel()
	start := time.Now()
	first, reached := true, false
	reason := errors.New("the pools were not read yet")
	last := s.watch(limited, running, func(report pools.Report) bool {
		invalid := first && len(report.Problems) > 0
		first = false
		reason = report.Converged()
		reached = reason == nil
		return reached || invalid
	})
	switch {
	case reached:
		s.output.screen.Close() // the last report stays on the screen
		s.output.say("Converged after %v: %s.", time.Since(start).Round(10*time.Millisecond), total(last))
		return nil
	case ctx.Err() != nil:
		return errInterrupted
	case limited.Err() != nil:
		return &failed{what: fmt.Sprintf("not converged within %v", s.args.Timeout), reason: reason}
	}
	return &failed{what: "not converged", reason: reason}
}

func total(report pools.Report) string {
	machines := 0
	for _, pool := range report.Pools {
		machines += pool.Cataloged
	}
	return fmt.Sprintf("%d machines cataloged in %d pools", machines, len(report.Pools))
}

// watch shows the pools until enough returns true or ctx ends, and returns the
// last report.
func (s session) watch(ctx context.Context, running *suite.Suite, enough func(pools.Report) bool) pools.Report {
	reader := running.Pools()
	var last pools.Report
	for {
		start := time.Now()
		report, err := look(ctx, reader)
		if err != nil && ctx.Err() == nil {
			s.output.log.Warn("the pools could not be read: "+err.Error(), "next", "tried again")
		}
		if err == nil {
			last = report
			s.output.screen.Show(report)
			if enough(report) {
				return last
			}
		}
		if pause.For(ctx, max(lookEvery, lookShare*time.Since(start))) != nil {
			return last
		}
	}
}

func look(ctx context.Context, reader pools.Reader) (pools.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	return reader.Read(ctx)
}

// announce writes the endpoints file. cleanUp removes the file if it is the
// default one.
func (s session) announce(addresses endpoints.Endpoints) (file string, cleanUp func(), err error) {
	if s.args.Endpoints != "" {
		return s.args.Endpoints, func() {}, endpoints.Write(s.args.Endpoints, addresses)
	}
	file = filepath.Join(commandline.Root(), ".build", "endpoints.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", func() {}, nil //nolint:nilerr // the checkout cannot be written to, and nobody asked for the file
	}
	return file, func() {
		if written, err := endpoints.Read(file); err == nil && written.PID == addresses.PID {
			_ = os.Remove(file) // it is of no use without the suite
		}
	}, endpoints.Write(file, addresses)
}

func (s session) stop(ctx context.Context, running *suite.Suite) {
	s.output.screen.Close()
	if ctx.Err() != nil {
		s.output.say("Stopping.")
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	running.Stop(limit)
}
