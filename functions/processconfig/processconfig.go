// Package processconfig is the job process-config: it builds the records of
// templates, revisions and managers from the imported configuration, each
// template in one atomic step.
//
// Triggered by config-imported, by managers-deleted and templates-deleted (a
// template or manager that is configured again during its deletion waits until
// that ends), and each minute; announces config-processed.
package processconfig

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
	"github.com/gce-backend/gce-backend/shared/records"
)

// Job is process-config.
var Job = job.Job{Name: "process-config", Decode: event.OfTemplates, New: job.Stateless(process)}

func process(ctx context.Context, run job.Run) error {
	d, e := run.Dependencies, run.Records
	current, err := config.Current(ctx, d.Store)
	if err != nil {
		return fmt.Errorf("read the imported configuration: %w", err)
	}
	if current.Revision == "" {
		return nil // nothing was ever imported, which is not the same as an empty configuration
	}
	known, err := e.Templates(ctx)
	if err != nil {
		return err
	}
	wishes := job.WithoutFrozen(run, fleet.Freeze(current.Settings.GetFreeze()), ChangedWishes(current, known),
		func(wish fleet.Wish) string { return wish.BaseName })
	var processed []event.Scope
	var errs []error
	for _, wish := range wishes {
		changed, err := build(ctx, d, e, wish, current.Revision)
		if err != nil {
			errs = append(errs, fmt.Errorf("process template %s: %w", wish.BaseName, err))
		}
		if changed {
			run.Log.Info("built the records of template "+wish.BaseName, "base_name", wish.BaseName, "config_revision", current.Revision)
			processed = append(processed, event.Scope{BaseName: wish.BaseName})
		}
	}
	return job.Joined(append(errs, d.Announce(ctx, "config-processed", processed...))...)
}

// ChangedWishes lists the wishes whose digest is not the recorded one, and an
// empty wish for each recorded template that is no longer configured.
func ChangedWishes(current config.Config, known []records.Template) []fleet.Wish {
	digests := map[string]string{}
	for _, template := range known {
		digests[template.Value.BaseName] = template.Value.Digest
	}
	var changed []fleet.Wish
	for _, wish := range Wishes(current) {
		if digest, ok := digests[wish.BaseName]; !ok || digest != wish.Digest() {
			changed = append(changed, wish)
		}
		delete(digests, wish.BaseName)
	}
	for _, template := range known {
		if _, left := digests[template.Value.BaseName]; left && template.Value.ActiveRevision != "" {
			changed = append(changed, fleet.Wish{BaseName: template.Value.BaseName})
		}
	}
	return changed
}

// attempts bounds how many times a template is built if other jobs write its
// records meanwhile.
const attempts = 5

func build(ctx context.Context, d job.Dependencies, e records.Records, wish fleet.Wish, revision string) (changed bool, err error) {
	if wish.Spec != nil {
		if err := e.NoteProject(ctx, wish.Spec.Project); err != nil {
			return false, err
		}
	}
	for range attempts {
		changed, err = buildOnce(ctx, d, e, wish, revision)
		if !failure.Is(err, failure.Conflict) {
			break
		}
	}
	return changed, err
}

// buildOnce fails if another configuration was imported since the wish was
// read: a run that was held up must not bring an older configuration back.
func buildOnce(ctx context.Context, d job.Dependencies, e records.Records, wish fleet.Wish, revision string) (bool, error) {
	tree, err := e.Tree(ctx, wish.BaseName)
	if err != nil {
		return false, err
	}
	imported, err := d.Store.Get(ctx, config.Key)
	if err != nil {
		return false, fmt.Errorf("read the imported configuration again: %w", err)
	}
	if now := config.RevisionOf(imported[0].Fields); now != revision {
		return false, failure.New(failure.Transient, "revision %s was imported meanwhile", now)
	}
	writes, err := e.Save(ctx, tree, fleet.Build(tree.Records(), wish).Stamp(tree.Records(), d.Now()))
	return writes > 0, err
}
