package status

import (
	"context"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/records"
)

// keepSamples is how far back the samples go; one before that is kept, for
// what the first part of the day was like.
const keepSamples = 24 * time.Hour

// Count counts the fleet's machines now.
func Count(ctx context.Context, e records.Records, now time.Time) (Sample, error) {
	all, err := e.CountAll(ctx)
	return Sample{At: now, Found: all.Found, Cataloged: all.Cataloged, Leased: all.Leased, Pending: all.Pending}, err
}

// lookDue reports whether the fleet is to be looked at again, and takes note of
// it.
func (r *Recorder) lookDue() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); now.Sub(r.sample) >= r.sampleEvery {
		r.sample = now
		return true
	}
	return false
}

// look adds a sample, unless there is a recent one or nothing changed since.
func (r *Recorder) look(ctx context.Context) error {
	now := r.now()
	recent := func(samples []Sample) bool {
		return len(samples) > 0 && now.Sub(samples[len(samples)-1].At) < r.sampleEvery
	}
	if before, err := Samples(ctx, r.store); err != nil || recent(before) {
		return err
	}
	sample, err := Count(ctx, records.Records{Store: r.store, Log: r.log}, now)
	if err != nil {
		return err
	}
	_, err = store.Update(ctx, r.store, fleetKey, func(current *fleetFields) (*fleetFields, error) {
		if current == nil {
			current = &fleetFields{}
		}
		var last Sample // before the first one there is nothing
		if n := len(current.Samples); n > 0 {
			last = current.Samples[n-1]
		}
		if recent(current.Samples) || sample.same(last) {
			if len(current.Samples) == 0 {
				return nil, nil
			}
			return current, nil
		}
		return &fleetFields{Samples: append(lastDay(current.Samples, now), sample)}, nil
	})
	if failure.Is(err, failure.Conflict) {
		return nil // another process has looked
	}
	return err
}

// lastDay drops what is not needed any more.
func lastDay(samples []Sample, now time.Time) []Sample {
	for len(samples) > 1 && now.Sub(samples[1].At) > keepSamples {
		samples = samples[1:]
	}
	return slices.Clone(samples)
}
