// Package follow shows the effect of a published message: the log lines of the
// jobs that it triggers, until each of them is done.
package follow

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/pause"
)

// Line is a line of the suite's log.
type Line struct {
	Time       time.Time `json:"time"`
	Severity   string    `json:"severity"`
	Message    string    `json:"message"`
	Job        string    `json:"job"`
	EventID    string    `json:"event_id"`
	Event      string    `json:"event"`
	Outcome    string    `json:"outcome"`
	DurationMS float64   `json:"duration_ms"`
}

func (l Line) duration() time.Duration {
	return time.Duration(l.DurationMS * float64(time.Millisecond))
}

// done reports whether the line ends a run.
func (l Line) done() bool { return l.Event == "JOB_DONE" }

// Log returns the lines added since the last call.
type Log interface {
	Next(ctx context.Context) ([]Line, error)
}

// Follower follows one message.
type Follower struct {
	Log Log
	Out io.Writer
	// Jobs are the jobs that the message triggers.
	Jobs []string
	// ID is the message's id, Published the time of its publication.
	ID        string
	Published time.Time
	// Every is the interval at which the log is read.
	//
	// Grace is how long to wait for a run that logs this message's id, after a
	// run under another id that may have served it. One run serves all waiting
	// messages of a scope, but logs the id of only one: a run that began after
	// the message was published counts once Grace has passed since its end.
	Every, Grace time.Duration

	waiting []string
	runs    map[string][]Line // runs under other ids, by job and event id
}

// Run shows the lines until all jobs are done, and reports whether all of them
// succeeded.
func (f *Follower) Run(ctx context.Context) (ok bool, err error) {
	f.waiting, f.runs, ok = slices.Clone(f.Jobs), map[string][]Line{}, true
	var shared []Line // the ends of runs that began after the message
	for {
		lines, err := f.Log.Next(ctx)
		if err != nil {
			return false, err
		}
		for _, line := range lines {
			if line.EventID == f.ID {
				f.show(line)
				ok = f.end(line) && ok
			} else if slices.Contains(f.waiting, line.Job) && line.EventID != "" {
				key := line.Job + " " + line.EventID
				f.runs[key] = append(f.runs[key], line)
				if line.done() && !line.Time.Add(-line.duration()).Before(f.Published) {
					shared = append(shared, line)
				}
			}
		}
		for _, line := range shared {
			if slices.Contains(f.waiting, line.Job) && time.Since(line.Time) >= f.Grace {
				_, _ = fmt.Fprintf(f.Out, "It was served together with the message %s:\n", line.EventID)
				for _, of := range f.runs[line.Job+" "+line.EventID] {
					f.show(of)
				}
				ok = f.end(line) && ok
			}
		}
		if len(f.waiting) == 0 {
			return ok, nil
		}
		if pause.For(ctx, f.Every) != nil {
			return false, fmt.Errorf("no end of %s was logged: %w", strings.Join(f.waiting, ", "), context.Cause(ctx))
		}
	}
}

// end takes a job off the list if the line ends its run. It returns false if
// that run failed.
func (f *Follower) end(line Line) bool {
	if !line.done() {
		return true
	}
	f.waiting = slices.DeleteFunc(f.waiting, func(job string) bool { return job == line.Job })
	return line.Outcome == "ok"
}

func (f *Follower) show(line Line) {
	text := line.Message
	if line.done() {
		text = fmt.Sprintf("%s after %v", text, line.duration())
	}
	_, _ = fmt.Fprintf(f.Out, "%s  %-7s  %s\n", line.Time.Local().Format("15:04:05.000"), line.Severity, text)
}
