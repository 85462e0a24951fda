package resource

import (
	"context"
	"errors"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/job"
)

// Unused reports whether nothing needs a drained resource any more.
type Unused func(context.Context, Resource) (bool, error)

// Delete deletes the resources of drained records once they are unused, and
// adopts orphans, which are deleted in the same way.
func (k Kind) Delete(ctx context.Context, unused Unused, deleted Announce) error {
	orphans, read := k.run.Scope.Sweep() && Due(k.run.Now()), k.drained
	if orphans {
		read = k.all
	}
	recorded, err := read(ctx)
	if err != nil || len(recorded) == 0 && !orphans {
		return err
	}
	settings, err := k.run.Settings(ctx)
	if err != nil {
		return err
	}
	unfrozen := job.WithoutFrozen(k.run, settings.Freeze, recorded, baseName)
	err = job.Each(ctx, k.run, unfrozen, func(ctx context.Context, r Resource) error {
		switch {
		case r.State != fleet.Drained || !k.covers(r):
			return nil
		case r.URL == "":
			return k.find(ctx, r)
		}
		if err := k.delete(ctx, r, unused, deleted); err != nil {
			return job.About(fmt.Errorf("delete %s: %w", r.sentence(), err), r.attrs()...)
		}
		return nil
	})
	if orphans && len(settings.Freeze) == 0 { // whether the template of an orphan is frozen is unknown
		err = job.Joined(err, k.adoptOrphans(ctx, recorded))
	}
	return err
}

// find records the resource of a drained record without a URL, if the resource
// exists: the run that created it was overtaken or killed before it recorded
// the URL. The resource is then deleted like any other.
func (k Kind) find(ctx context.Context, r Resource) error {
	have, err := k.get(ctx, r)
	if failure.Is(err, failure.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for %s: %w", r.sentence(), err)
	}
	if !k.run.Owner().Adopts(have.Labels, have.TargetSize) {
		return nil
	}
	r.URL, r.Snapshot = have.URL, have.Snapshot // both are needed if the configuration is taken back
	return k.record(ctx, r, func(now fleet.Resource) bool { return now.State == fleet.Drained })
}

// delete deletes a resource some time after its record was drained, because a
// configuration may be taken back. It first claims the record, if that is still
// drained. Until the claim is released, the record cannot become active, and
// only this run may ask for the deletion.
func (k Kind) delete(ctx context.Context, r Resource, unused Unused, deleted Announce) error {
	if !r.Deletable(k.run.Now()) {
		return nil // drained a moment ago, or another run is at it
	}
	if ok, err := unused(ctx, r); err != nil || !ok {
		return err
	}
	by := fmt.Sprintf("%016x", k.run.Rand.Uint64())
	claimed, err := k.change(ctx, r, func(now fleet.Resource) (fleet.Resource, bool) {
		return now.ClaimDeletion(r.URL, by, k.run.Now())
	})
	if err != nil || !claimed {
		return err
	}
	gone, err := k.deleteClaimed(ctx, r, by, unused)
	inUse := errors.Is(err, errInUse)
	if inUse {
		err = nil
	}
	if err != nil && !compute.Refused(err) {
		return err // the outcome is unknown: the claim runs out
	}
	_, ended := k.change(ctx, r, func(now fleet.Resource) (fleet.Resource, bool) { return now.EndDeletion(by, gone, inUse) })
	if err != nil || ended != nil || !gone {
		return job.Joined(err, ended)
	}
	k.run.Log.Info("deleted "+k.text+" "+r.Name, r.attrs()...)
	if r.Zone != "" {
		err = k.run.Records.RemoveListing(ctx, r.Key())
	}
	return job.Joined(err, deleted(ctx, job.ManagerScope(r.Key())))
}

// errInUse means that Compute Engine keeps a template because it is in use.
var errInUse = errors.New("still in use")

// deleteClaimed asks for the deletion if the resource is still unused, and
// gives up before the claim runs out. The request id is unique to the claim.
func (k Kind) deleteClaimed(ctx context.Context, r Resource, by string, unused Unused) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, fleet.ClaimWork)
	defer cancel()
	if ok, err := unused(ctx, r); err != nil || !ok {
		return false, err
	}
	err = k.remove(ctx, r, by)
	switch {
	case err == nil, failure.Is(err, failure.NotFound):
		return true, nil
	case r.Zone == "" && failure.Is(err, failure.Conflict):
		k.run.Log.Info(k.text+" "+r.Name+" is still in use; deleted later", r.attrs()...)
		return false, errInUse
	}
	return false, err
}
