package bench

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/logging"
)

// runs receives the suite's log, and records how long each job's runs took and
// the size of the log in bytes.
type runs struct {
	bytes, lines, problems atomic.Int64

	mu       sync.Mutex
	longest  map[string]time.Duration
	messages []string // of the first problems
}

// keptMessages is how many problems are kept.
const keptMessages = 5

// logger returns the logger for the suite.
func (r *runs) logger() *slog.Logger {
	r.longest = map[string]time.Duration{}
	return slog.New(handler{runs: r, Handler: logging.JSON(counter{r}).Handler()})
}

// reset forgets everything.
func (r *runs) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.longest)
	r.bytes.Store(0)
	r.lines.Store(0)
	r.problems.Store(0)
}

func (r *runs) done(job string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.longest[job] = max(r.longest[job], took)
}

func (r *runs) problem(message string) {
	r.problems.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.messages) < keptMessages {
		r.messages = append(r.messages, message)
	}
}

func (r *runs) firstProblems() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.messages)
}

// counter counts what is written to it.
type counter struct{ runs *runs }

var _ io.Writer = counter{}

func (c counter) Write(line []byte) (int, error) {
	c.runs.bytes.Add(int64(len(line)))
	c.runs.lines.Add(1)
	return len(line), nil
}

// handler looks for the line that shared/job logs at the end of a run.
type handler struct {
	slog.Handler // writes to the counter
	runs         *runs
	job          string
}

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	ended, took := false, time.Duration(0)
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "event":
			ended = a.Value.String() == "JOB_DONE"
		case "duration_ms":
			took = time.Duration(a.Value.Int64()) * time.Millisecond
		}
		return true
	})
	if ended {
		h.runs.done(h.job, took)
	}
	if record.Level >= slog.LevelWarn {
		h.runs.problem(h.job + ": " + record.Message)
	}
	return h.Handler.Handle(ctx, record)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, attr := range attrs {
		if attr.Key == "job" {
			h.job = attr.Value.String()
		}
	}
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

func (h handler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}
