// Package follow shows what a published message did: the log lines of the jobs
// that it woke, until each of them is done.
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

// Log gives the lines that are new since the last call.
type Log interface {
	Next(ctx context.Context) ([]Line, error)
}

// Follower follows one message.
type Follower struct {
	Log Log
	Out io.Writer
	// Jobs are those that the message wakes.
	Jobs []string
	// ID is the message's, Published when it was published.
	ID        string
	Published time.Time
	// Every is how often the log is looked at; Grace how long a run that began
	// after the message is not taken for one that the message shares: messages
	// of one scope that wait together are served by one run, which logs the id
	// of one of them.
	Every, Grace time.Duration

	waiting []string
	runs    map[string][]Line // of others, by job and event id
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

// end takes a job off the list when the line ends its run; false when that
// failed.
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
