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
	// writeEvery bounds the writes about a job, over all of its processes.
	writeEvery = time.Minute
	// SampleEvery is the least time between two samples of the fleet.
	SampleEvery = 15 * time.Minute
	// limit bounds what a record may cost a run.
	limit = 10 * time.Second
)

// sampler is the job whose sweeps look at the size of the fleet.
const sampler = "resize-instance-groups"

// Recorder records how runs end. Its failures are logged and nothing else: no
// job depends on what people can look at.
type Recorder struct {
	store       store.Store
	now         func() time.Time
	log         *slog.Logger
	sampleEvery time.Duration

	mu     sync.Mutex
	jobs   map[string]*seen
	sample time.Time // when the fleet was last looked at
}

// seen is what this process knows of a job.
type seen struct {
	written time.Time
	failing bool
}

// NewRecorder makes a Recorder that samples the fleet so often at most.
func NewRecorder(s store.Store, now func() time.Time, sampleEvery time.Duration, log *slog.Logger) *Recorder {
	return &Recorder{store: s, now: now, log: log, sampleEvery: sampleEvery, jobs: map[string]*seen{}}
}

// Ended records the end of a run; sweep reports whether it covered everything.
func (r *Recorder) Ended(ctx context.Context, job string, sweep bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if problem := r.outcome(ctx, job, sweep, err); problem != nil {
		r.log.Warn(fmt.Sprintf("record how %s ended: %v", job, problem), "job", job, "next", "tried again after the next failure")
	}
	if job != sampler || !sweep || err != nil || !r.lookDue() {
		return
	}
	if problem := r.look(ctx); problem != nil {
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
	_, problem := store.Update(ctx, r.store, jobKey(job), func(current *Job) (*Job, error) {
		if current == nil {
			current = &Job{Name: job}
		}
		next := *current
		if err == nil {
			if next.Failing() && !next.FailedAt.IsZero() {
				next.RecoveredAt = now
			}
		} else if now.Sub(next.FailedAt) >= writeEvery { // else another process was here
			next.fail(err, now)
		}
		if next.FailedAt.IsZero() {
			return nil, nil
		}
		return &next, nil
	})
	if failure.Is(problem, failure.Conflict) {
		return nil // others write about the same
	}
	return problem
}

// due reports whether something is to be written about a job now, and takes note
// of it.
func (r *Recorder) due(job string, now time.Time, sweep, failed bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.jobs[job]
	if known == nil {
		known = &seen{}
		r.jobs[job] = known
	}
	worth := failed || known.failing && sweep
	if !worth || now.Sub(known.written) < writeEvery {
		known.failing = known.failing || failed
		return false
	}
	known.failing, known.written = failed, now
	return true
}
