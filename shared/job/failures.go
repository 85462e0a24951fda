package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// maxFailures bounds the log lines about the errors of one run.
const maxFailures = 20

// about is an error with the log attributes that name its entity.
type about struct {
	error
	attrs []any
}

func (a *about) Unwrap() error { return a.error }

// About adds the log attributes of the entity that an error is about, such as
// those of ManagerAttrs.
func About(err error, attrs ...any) error {
	if err == nil {
		return nil
	}
	return &about{error: err, attrs: attrs}
}

// Joined joins the errors of independent parts of a run. The result has a class
// that passes by itself only if all of the errors have such a class.
func Joined(errs ...error) error {
	class := failure.None
	for _, err := range errs {
		if of := failure.ClassOf(err); of != failure.None && (class == failure.None || passes(class) && !passes(of)) {
			class = of
		}
	}
	if class == failure.None {
		return nil
	}
	return &failure.Error{Class: class, Err: errors.Join(errs...)}
}

// logFailures writes a line for each independent part of a run's error: what
// was attempted on which entity, what came back, and in `next` whether and when
// it is tried again. An error that passes by itself is only a warning: if it
// does not pass, the alert on jobs without success fires.
func logFailures(log *slog.Logger, err error, sweep bool) {
	all := parts(err, nil)
	for i, part := range all {
		if i == maxFailures {
			log.Warn(fmt.Sprintf("%d more errors of this run are left out", len(all)-i), "error_class", string(failure.ClassOf(err)))
			return
		}
		logFailure(log, part, sweep)
	}
}

func logFailure(log *slog.Logger, part part, sweep bool) {
	class := failure.ClassOf(part.err)
	attrs := append([]any{"error_class", string(class), "next", next(class, sweep)}, part.attrs...)
	if fault, ok := compute.FaultOf(part.err); ok {
		attrs = append(attrs, "event", "OPERATION_ERROR", "code", fault.Code, "method", fault.Method, "target", fault.Target)
	}
	level := slog.LevelError
	if passes(class) {
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, part.err.Error(), attrs...)
}

// next describes what happens after a run failed.
func next(class failure.Class, sweep bool) string {
	switch {
	case !passes(class):
		return "needs a person; tried again at each tick of the job until then"
	case sweep:
		return "passes by itself; tried again at the job's next tick, within a minute by default"
	}
	return "passes by itself; the message is delivered again after some seconds, and the job's next tick tries as well"
}

// nextAside describes what happens to a message that can never be handled.
const nextAside = "this message is not delivered again; the job's next tick does everything that is due"

// part is the error of one independent part of a run.
type part struct {
	err   error
	attrs []any
}

// parts splits an error that Joined or errors.Join made. A part that names no
// entity gets the attributes of the whole.
func parts(err error, attrs []any) []part {
	text := err.Error()
	for link := err; link != nil && link.Error() == text; link = errors.Unwrap(link) {
		if of, ok := link.(*about); ok { //nolint:errorlint // each link of the chain is looked at
			attrs = of.attrs
		}
		many, ok := link.(interface{ Unwrap() []error }) //nolint:errorlint // each link of the chain is looked at
		if !ok {
			continue
		}
		if joined := errors.Join(many.Unwrap()...); joined == nil || joined.Error() != text {
			break // fmt.Errorf with several errors has other text around them
		}
		var all []part
		for _, one := range many.Unwrap() {
			all = append(all, parts(one, attrs)...)
		}
		return all
	}
	if of := (*about)(nil); errors.As(err, &of) {
		attrs = of.attrs
	}
	return []part{{err: err, attrs: attrs}}
}
