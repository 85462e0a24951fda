package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/scripts/internal/pools"
	"github.com/gce-backend/gce-backend/scripts/internal/screen"
	"github.com/gce-backend/gce-backend/scripts/internal/upload"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

type pushCommand struct {
	Source   string `arg:"" help:"Folder of the configuration."`
	To       string `arg:"" name:"to" help:"Where the deployment reads it: gs://BUCKET/PREFIX, or a folder for a local suite."`
	target   `xor:"-"`
	Timeout  time.Duration `default:"30m" help:"How long the rollout is followed (default: ${default})."`
	NoFollow bool          `help:"Upload only."`
}

// Run pushes a configuration that is valid.
func (c pushCommand) Run(ctx context.Context) error {
	if err := c.check(); err != nil && !c.NoFollow {
		return fmt.Errorf("%w; or --no-follow", err)
	}
	files, _, problems, err := load(ctx, c.Source)
	if err != nil {
		return err
	}
	report(os.Stderr, c.Source, problems)
	if len(problems.Errors()) > 0 {
		return &commandline.Exit{Code: 1, Err: errors.New("nothing was uploaded")}
	}
	content, err := upload.Files(files)
	if err != nil {
		return err
	}
	to, err := upload.Address(c.To)
	if err != nil {
		return err
	}
	bucket, prefix, err := upload.Open(ctx, to)
	if err != nil {
		return err
	}
	revision := upload.Revision(content, time.Now())
	if err := errors.Join(upload.Write(ctx, bucket, prefix, revision, content), bucket.Close()); err != nil {
		return err
	}
	fmt.Printf("Uploaded %d files as revision %s to %s; it is the current one.\n", len(content), revision, c.To)
	if c.NoFollow {
		return nil
	}
	return c.follow(ctx, revision, to)
}

// lookEvery is the interval at which the rollout is checked.
const lookEvery = 2 * time.Second

// follow shows the pools until the revision is in force and each pool is as
// configured. Draining pools are not waited for, because leases may keep them
// for long.
func (c pushCommand) follow(ctx context.Context, revision, to string) error {
	look, done, err := c.looker(ctx, to)
	if err != nil {
		return err
	}
	defer done()
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	shown := screen.New(os.Stdout, true)
	defer shown.Close()
	var last error
	for {
		report, err := look(limited)
		switch {
		case err != nil:
			last = err
		default:
			shown.Show(report)
			if last = rolledOut(report, revision); last == nil {
				shown.Say("Revision %s is in force and rolled out.%s", revision, leaving(report))
				return nil
			}
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return &commandline.Exit{Code: 130, Err: errors.New("interrupted; the rollout goes on by itself")}
			}
			return &commandline.Exit{Code: 1, Err: fmt.Errorf("not rolled out within %v; it goes on by itself:\n%w", c.Timeout, last)}
		case <-time.After(lookEvery):
		}
	}
}

// rolledOut returns an error that says why the revision is not in force and
// complete; nil if it is.
func rolledOut(report pools.Report, revision string) error {
	if !strings.HasPrefix(report.Imported, revision+"@") {
		return fmt.Errorf("revision %s is not imported yet; %s is in force", revision, report.Imported)
	}
	return report.Converged()
}

// leaving counts what is left of pools that are no longer configured.
func leaving(report pools.Report) string {
	leased, others := 0, 0
	for _, pool := range report.Pools {
		if pool.State == string(fleet.Drained) {
			leased += pool.Leased
			others += pool.Cataloged - pool.Leased + pool.Leaving
		}
	}
	if leased+others == 0 {
		return ""
	}
	return fmt.Sprintf(" Of the pools before, %d VMs are still to go, %d of them after their leases.", leased+others, leased)
}

func (c pushCommand) looker(ctx context.Context, to string) (look func(context.Context) (pools.Report, error), done func(), err error) {
	if c.Endpoints != "" {
		return func(ctx context.Context) (pools.Report, error) {
			var report pools.Report
			err := c.ask(ctx, "/pools", &report)
			return report, err
		}, func() {}, nil
	}
	source, err := configsource.Open(ctx, to, configsource.Options{})
	if err != nil {
		return nil, nil, err
	}
	documents := firestore.Open(ctx, c.Project, c.Database)
	reader := pools.Reader{
		Store: documents, Source: source, Now: time.Now, Log: logging.Text(os.Stderr, slog.LevelWarn), Jobs: job.Names(functions.Jobs()),
	}
	return reader.Read, func() {
		_ = source.Close()    // only read
		_ = documents.Close() // only read
	}, nil
}
