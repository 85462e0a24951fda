package status

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

const (
	// writeEvery is the least time between two writes about a job's failures, over
	// all processes.
	writeEvery = time.Minute
	// SampleEvery is the least time between two samples of the fleet.
	SampleEvery = 15 * time.Minute
	// limit bounds the time that recording takes from a run.
	limit = 10 * time.Second
)

// sampler is the job whose sweeps are followed by a sample of the fleet's size.
const sampler = "resize-instance-groups"

// Recorder records how runs end. Its own failures are only logged: no job
// depends on the documents that it writes.
type Recorder struct {
	store       store.Store
	now         func() time.Time
	log         *slog.Logger
	sampleEvery time.Duration

	mu      sync.Mutex
	jobs    map[string]seen
	sampled time.Time // when this process last looked at the fleet
}

// seen is what this process knows of a job.
type seen struct {
	written time.Time
	failing bool
}

// NewRecorder makes a Recorder. It samples the fleet once in sampleEvery at most.
func NewRecorder(s store.Store, now func() time.Time, sampleEvery time.Duration, log *slog.Logger) *Recorder {
	return &Recorder{store: s, now: now, log: log, sampleEvery: sampleEvery, jobs: map[string]seen{}}
}

// Ended records the end of a run; sweep reports whether it covered everything.
func (r *Recorder) Ended(ctx context.Context, job string, sweep bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if problem := r.outcome(ctx, job, sweep, err); problem != nil {
		r.log.Warn(fmt.Sprintf("record how %s ended: %v", job, problem), "job", job, "next", "tried again after the next failure")
	}
	if job != sampler || !sweep || err != nil || !r.sampleDue() {
		return
	}
	if problem := r.sample(ctx); problem != nil {
		r.log.Warn("sample the size of the fleet: "+problem.Error(), "job", job, "next", "tried again in "+r.sampleEvery.String())
	}
}

// outcome writes failures, at most one a minute, and the first success of a
// sweep after them.
func (r *Recorder) outcome(ctx context.Context, job string, sweep bool, err error) error {
	now := r.now()
	if !r.due(job, now, sweep, err != nil) {
		return nil
	}
	return update(ctx, r.store, jobKey(job), func(current *Job) (*Job, error) {
		switch {
		case err != nil:
			if current == nil {
				current = &Job{Name: job}
			}
			if now.Sub(current.FailedAt) >= writeEvery { // else another process was here
				current.fail(err, now)
			}
		case current != nil && current.Failing():
			current.RecoveredAt = now
		}
		return current, nil
	})
}

// update calls store.Update and ignores a conflict: another process has then
// written the same document.
func update[T any](ctx context.Context, s store.Store, key store.Key, change func(*T) (*T, error)) error {
	_, err := store.Update(ctx, s, key, change)
	if failure.Is(err, failure.Conflict) {
		return nil
	}
	return err
}

// due reports whether something is to be written about a job now, and notes that
// it was.
func (r *Recorder) due(job string, now time.Time, sweep, failed bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.jobs[job]
	due := (failed || known.failing && sweep) && now.Sub(known.written) >= writeEvery
	if due {
		known = seen{written: now, failing: failed}
	}
	known.failing = known.failing || failed
	r.jobs[job] = known
	return due
}
