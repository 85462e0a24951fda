package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/combine"
	"github.com/gce-backend/gce-backend/shared/job/spacing"
)

// The outcomes of a run, in its last log line.
const (
	outcomeOK       = "ok"
	outcomeFailed   = "failed"
	outcomeSetAside = "set_aside"
)

// ErrNotOurs is what a decoder returns for a message that does not concern the
// suite, such as one about somebody else's VM.
var ErrNotOurs = errors.New("not ours")

// Runner delivers messages to one job.
type Runner struct {
	job     Job
	handler Handler
	timeout time.Duration
	deps    Dependencies
	log     *slog.Logger
	flights combine.Flights
	spaced  spacing.Limit
}

// A run about a group handles everything that waits there, so in a burst of
// messages a few runs per second do as much as one run per message.
const (
	runSpacing = 200 * time.Millisecond
	runBurst   = 10
)

// NewRunner makes a job ready for messages. timeout bounds each run.
func NewRunner(job Job, deps Dependencies, timeout time.Duration, log *slog.Logger) *Runner {
	return &Runner{
		job:     job,
		handler: job.New(deps),
		timeout: timeout,
		deps:    deps,
		log:     log.With("job", job.Name),
		spaced:  spacing.Limit{Every: runSpacing, Burst: runBurst},
	}
}

// Deliver runs the job for a message. Messages with the same scope that come
// while a run is under way share the one run that follows it: the job is
// level-triggered, so one run that begins after they came serves them all. Many
// runs of one scope are spaced.
//
// An error asks for the message to be delivered again. That helps only if the
// error passes by itself, and is not needed for a sweep: the next tick is the
// retry. A message that cannot be read is logged once and set aside.
func (r *Runner) Deliver(ctx context.Context, message event.Message) error {
	log := r.log.With("event_id", message.ID)
	scope, err := r.job.Scope(message)
	if errors.Is(err, ErrNotOurs) {
		return nil
	}
	if err != nil {
		log.Error("set a message aside: "+err.Error(), "topic", message.Topic, "next", nextAside)
		r.done(log, r.deps.Now(), outcomeSetAside, nil)
		return nil //nolint:nilerr // it can never be read, so another delivery would not help
	}
	// The job that announced a fact has just read the record that the fact
	// names.
	fact := message.Topic != "" && message.Topic != r.job.Name
	err = r.share(ctx, scope, func() error { return r.run(ctx, scope, fact || scope.Hint, log) })
	if err == nil || scope.Sweep() || !passes(failure.ClassOf(err)) {
		return nil
	}
	return err
}

// share runs the job, or shares a run of the same scope.
func (r *Runner) share(ctx context.Context, scope event.Scope, run func() error) error {
	if r.deps.Serial {
		return run()
	}
	key := string(scope.Encode())
	return r.flights.Join(ctx, key, func() error {
		if len(scope.Instances) == 0 && !scope.Sweep() { // there are too many instances to keep a limit for each
			if err := r.deps.Await(context.WithoutCancel(ctx), &r.spaced, key); err != nil {
				return err
			}
		}
		return run()
	})
}

// passes reports whether an error of a class passes by itself.
func passes(class failure.Class) bool {
	return class == failure.Transient || class == failure.Quota || class == failure.Conflict
}

// run calls the handler within the time limit, unless the scope names an entity
// without a record. It outlives the message that caused it, because other
// messages may have joined.
func (r *Runner) run(ctx context.Context, scope event.Scope, known bool, log *slog.Logger) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.timeout)
	defer cancel()
	run, start, outcome := r.deps.Run(r.job.Name, scope, log), r.deps.Now(), outcomeOK
	defer func() {
		if recovered := recover(); recovered != nil {
			err = failure.New(failure.Permanent, "panic: %v", recovered)
			log.Error(err.Error(), "stack", string(debug.Stack()), "next", next(failure.Permanent, scope.Sweep()))
		}
		if err != nil {
			outcome = outcomeFailed
		}
		r.done(log, start, outcome, err)
		if r.deps.Recorder != nil {
			r.deps.Recorder.Ended(ctx, r.job.Name, scope.Sweep(), err)
		}
	}()
	if !scope.Sweep() && !known {
		what, err := run.unknown(ctx)
		if err != nil {
			logFailures(log, err, scope.Sweep())
			return err
		}
		if what != "" {
			log.Error("set a message aside: it is about "+what+", which has no record", "next", nextAside)
			outcome = outcomeSetAside
			return nil
		}
	}
	if err = r.handler(ctx, run); err != nil {
		logFailures(log, err, scope.Sweep())
	}
	return err
}

// done writes the last log line of a run.
func (r *Runner) done(log *slog.Logger, start time.Time, outcome string, err error) {
	attrs := []any{"event", "JOB_DONE", "outcome", outcome, "duration_ms", r.deps.Now().Sub(start).Milliseconds()}
	if err != nil {
		attrs = append(attrs, "error_class", string(failure.ClassOf(err)))
	}
	log.Info(fmt.Sprintf("%s: %s", r.job.Name, outcome), attrs...)
}
