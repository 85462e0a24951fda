package status

import (
	"context"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/records"
)

// keepSamples is how far back the samples go. One older sample is kept too,
// because it holds until the next one.
const keepSamples = 24 * time.Hour

// Count counts the fleet's machines at a time.
func Count(ctx context.Context, e records.Records, now time.Time) (Sample, error) {
	all, err := e.CountAll(ctx)
	return Sample{At: now, Found: all.Found, Cataloged: all.Cataloged, Leased: all.Leased, Pending: all.Pending}, err
}

// sampleDue reports whether this process is to sample the fleet again, and notes
// that it was.
func (r *Recorder) sampleDue() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	due := now.Sub(r.sampled) >= r.sampleEvery
	if due {
		r.sampled = now
	}
	return due
}

// sample adds a sample, unless there is a recent one or nothing changed since.
func (r *Recorder) sample(ctx context.Context) error {
	now := r.now()
	return update(ctx, r.store, fleetKey, func(current *fleetFields) (*fleetFields, error) {
		var samples []Sample
		var last Sample // before the first one there is nothing
		if current != nil && len(current.Samples) > 0 {
			samples = current.Samples
			last = samples[len(samples)-1]
		}
		if now.Sub(last.At) < r.sampleEvery {
			return current, nil
		}
		sample, err := Count(ctx, records.Records{Store: r.store, Log: r.log}, now)
		if err != nil || sample.same(last) {
			return current, err
		}
		return &fleetFields{Samples: append(lastDay(samples, now), sample)}, nil
	})
}

// lastDay returns the samples that are still needed.
func lastDay(samples []Sample, now time.Time) []Sample {
	for len(samples) > 1 && now.Sub(samples[1].At) > keepSamples {
		samples = samples[1:]
	}
	return slices.Clone(samples)
}
