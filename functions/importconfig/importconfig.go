// Package importconfig is the job import-config: it reads the configuration at
// one revision, reports whether it is valid, and puts a new valid one in force.
//
// Triggered by an upload to the bucket and each minute; announces
// config-imported.
package importconfig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/job"
)

// Job is import-config.
var Job = job.Job{Name: "import-config", Decode: decode, New: newHandler}

func newHandler(d job.Dependencies) job.Handler {
	r := &reporter{}
	return func(ctx context.Context, run job.Run) error { return importConfig(ctx, d, r, run) }
}

func importConfig(ctx context.Context, d job.Dependencies, r *reporter, run job.Run) error {
	if d.Source == nil {
		return failure.New(failure.Permanent, "import the configuration: no source is set (CONFIG_SOURCE)")
	}
	// The stored configuration is read before the source, so that the commit
	// below fails if another run stores one meanwhile: that run may have read
	// the source later.
	stored, err := d.Store.Get(ctx, config.Key)
	if err != nil {
		return fmt.Errorf("import the configuration: read the stored one: %w", err)
	}
	files, err := d.Source.Read(ctx)
	if err != nil {
		return fmt.Errorf("import the configuration: %w", err)
	}
	write, problems, err := prepare(stored[0], files, d.Now())
	if err != nil {
		return fmt.Errorf("import the configuration at revision %s: %w", files.Revision, err)
	}
	r.report(ctx, run.Log, files, problems, config.RevisionOf(stored[0].Fields), d.Now())
	if write == nil {
		return nil
	}
	if _, err := d.Store.Commit(ctx, *write); err != nil {
		return fmt.Errorf("import the configuration at revision %s: store it: %w", files.Revision, err)
	}
	run.Log.Info("the configuration at revision "+files.Revision+" is in force", "config_revision", files.Revision)
	return d.Announce(ctx, "config-imported", event.Scope{})
}

// prepare decides what to store: nothing, a nil write, if the files are not valid
// or their revision is the stored one.
func prepare(stored store.Document, files config.Files, now time.Time) (*store.Write, config.Problems, error) {
	parsed, problems := config.Parse(files)
	if len(problems.Errors()) > 0 || stored.Exists() && config.RevisionOf(stored.Fields) == files.Revision {
		return nil, problems, nil
	}
	fields, err := config.Encode(parsed, now)
	var tooLarge config.TooLargeError
	if errors.As(err, &tooLarge) {
		problem := config.Problem{Severity: config.Error, File: "all files together", Message: tooLarge.Error()}
		return nil, append(problems, problem), nil
	}
	if err != nil {
		return nil, problems, err
	}
	write := store.Replace(stored, fields)
	return &write, problems, nil
}

// uploadAttribute is in each notification of a Cloud Storage bucket:
// https://cloud.google.com/storage/docs/pubsub-notifications#attributes
const uploadAttribute = "objectId"

// decode treats a bucket's notification as a sweep, like a tick: there is one
// configuration, and no part of it can be imported by itself.
func decode(message event.Message) (event.Scope, error) {
	if _, ok := message.Attributes[uploadAttribute]; !ok {
		return event.OfEverything(message)
	}
	if len(message.Data) > event.MaxScopeBytes {
		return event.Scope{}, fmt.Errorf("the bucket's notification has %d bytes; the limit is %d", len(message.Data), event.MaxScopeBytes)
	}
	var object map[string]any
	if err := json.Unmarshal(message.Data, &object); err != nil && len(message.Data) > 0 {
		return event.Scope{}, fmt.Errorf("the bucket's notification is not the JSON of an object: %w", err)
	}
	return event.Scope{}, nil
}
