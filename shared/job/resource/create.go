package resource

import (
	"context"
	"fmt"
	"slices"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

// Missing returns the active records that have no resource yet, limited to the
// run's scope and to templates that are not frozen.
func (k Kind) Missing(ctx context.Context) ([]Resource, error) {
	missing, err := k.missing(ctx)
	if err != nil {
		return nil, err
	}
	missing, err = job.Unfrozen(ctx, k.run, missing, baseName)
	return slices.DeleteFunc(missing, func(r Resource) bool { return !k.covers(r) }), err
}

// Insert creates a resource, or adopts the existing one. It returns the URL, and
// a template's snapshot, once the resource is known to exist.
type Insert func(context.Context, Resource) (url, snapshot string, err error)

// Create creates resources, records their URLs, and announces them.
func (k Kind) Create(ctx context.Context, missing []Resource, insert Insert, created Announce) error {
	return job.Each(ctx, k.run, missing, func(ctx context.Context, r Resource) (err error) {
		r.URL, r.Snapshot, err = insert(ctx, r)
		if err == nil {
			err = k.record(ctx, r, func(fleet.Resource) bool { return true })
		}
		if err != nil {
			return job.About(fmt.Errorf("create %s: %w", r.sentence(), err), r.attrs()...)
		}
		k.run.Log.Info(k.text+" "+r.Name+" exists", r.attrs()...)
		return created(ctx, job.ManagerScope(r.Key()))
	})
}

// Inserted reads a resource after an insertion that returned err. existed reports
// whether the resource was there before; the caller then decides whether to adopt
// it.
func Inserted[T any](err error, get func() (T, error)) (have T, existed bool, _ error) {
	existed = failure.Is(err, failure.Conflict)
	if err != nil && !existed {
		return have, false, err
	}
	have, err = get()
	if failure.Is(err, failure.NotFound) {
		err = failure.New(failure.Transient, "its creation is still under way: %w", err)
	}
	return have, existed, err
}
