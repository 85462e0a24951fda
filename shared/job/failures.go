package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// maxFailures bounds the lines about the errors of one run.
const maxFailures = 20

// about is an error with the log attributes that name its entity.
type about struct {
	error
	attrs []any
}

func (a *about) Unwrap() error { return a.error }

// About says which entity an error is about, in the attributes of its log line;
// see ManagerAttrs.
func About(err error, attrs ...any) error {
	if err == nil {
		return nil
	}
	return &about{error: err, attrs: attrs}
}

// Joined classifies the errors of independent parts of a run: the whole passes
// by itself only if each part does.
func Joined(errs ...error) error {
	joined := errors.Join(errs...)
	if joined == nil {
		return nil
	}
	class := failure.None
	for _, err := range errs {
		if err == nil {
			continue
		}
		if of := failure.ClassOf(err); class == failure.None || passes(class) && !passes(of) {
			class = of
		}
	}
	return &failure.Error{Class: class, Err: joined}
}

// logFailures writes a line for each independent part of a run's error: what
// was attempted on which entity, what came back, and in `next` whether and when
// it is tried again. What passes by itself is a warning until it does not pass:
// the alert on jobs without success sees to that.
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

// next says what becomes of a run that failed.
func next(class failure.Class, sweep bool) string {
	switch {
	case !passes(class):
		return "needs a person; tried again at each tick of the job until then"
	case sweep:
		return "passes by itself; tried again at the job's next tick, within a minute by default"
	}
	return "passes by itself; the message is delivered again after some seconds, and the job's next tick tries as well"
}

// nextAside is what becomes of a message that nobody can do anything about.
const nextAside = "this message is not delivered again; the job's next tick does all there is to do"

// part is the error of one thing that a run did.
type part struct {
	err   error
	attrs []any
}

// parts takes apart what Joined put together. Parts that name no entity get the
// attributes of the whole.
func parts(err error, attrs []any) []part {
	joined, whole := joinedIn(err)
	if whole != nil {
		attrs = whole
	}
	if len(joined) == 0 {
		if of := (*about)(nil); errors.As(err, &of) {
			attrs = of.attrs
		}
		return []part{{err: err, attrs: attrs}}
	}
	var all []part
	for _, one := range joined {
		all = append(all, parts(one, attrs)...)
	}
	return all
}

// joinedIn lists the errors that an error is nothing but the joining of, none
// for any other; and the attributes of the joining.
func joinedIn(err error) (errs []error, attrs []any) {
	text := err.Error()
	for err != nil && err.Error() == text {
		if of, ok := err.(*about); ok { //nolint:errorlint // each link of the chain is looked at
			attrs = of.attrs
		}
		if many, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // each link of the chain is looked at
			return listed(many.Unwrap(), text), attrs
		}
		err = errors.Unwrap(err)
	}
	return nil, attrs
}

// listed are the errors if the text is just theirs, each in a line: fmt.Errorf
// with several errors has other text around them.
func listed(errs []error, text string) []error {
	lines := make([]string, len(errs))
	for i, err := range errs {
		lines[i] = err.Error()
	}
	if strings.Join(lines, "\n") != text {
		return nil
	}
	return errs
}
