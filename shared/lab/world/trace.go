package world

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strings"

	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// trace records what happens in a world. The digest covers everything, whether
// or not its line is kept, so that two runs of a seed can be compared.
type trace struct {
	keep   bool
	lines  []string
	digest uint64
}

// note adds a line about the current task. It calls what only if the line is
// kept.
func (w *World) note(format string, what func() string) {
	w.stir(format)
	if w.trace.keep {
		w.line(fmt.Sprintf(format, what()))
	}
}

// Note adds a line.
func (w *World) Note(format string, args ...any) {
	w.stir(format)
	if w.trace.keep {
		w.line(fmt.Sprintf(format, args...))
	}
}

func (w *World) line(text string) {
	who := "world"
	if t := w.tasks.current; t != nil {
		who = t.name
	}
	w.trace.lines = append(w.trace.lines, fmt.Sprintf("%s %-40s %s", w.clock.Format("15:04:05.000"), who, text))
}

// stir mixes what just happened into the digest.
func (w *World) stir(what string) {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%d %d %s %d", w.trace.digest, w.clock.UnixNano(), what, w.tasks.count) // never fails
	w.trace.digest = hash.Sum64()
}

// Digest identifies everything that has happened so far.
func (w *World) Digest() uint64 { return w.trace.digest }

// Trace returns the last lines of the trace; all of them for 0.
func (w *World) Trace(last int) string {
	lines := w.trace.lines
	if last > 0 && len(lines) > last {
		lines = lines[len(lines)-last:]
	}
	return strings.Join(lines, "\n")
}

// logHandler writes the jobs' log lines into the trace, and passes them to the
// listener.
type logHandler struct {
	world *World
	attrs []slog.Attr
}

func (h logHandler) Enabled(_ context.Context, level slog.Level) bool {
	t := h.world.tasks.current
	return (t == nil || !t.killed) && (h.world.trace.keep || level >= slog.LevelWarn || h.world.users.listener != nil)
}

func (h logHandler) Handle(_ context.Context, record slog.Record) error {
	w := h.world
	if strings.HasPrefix(record.Message, "panic") {
		w.Break(invariants.NoPanic, record.Message)
	}
	if w.users.listener != nil {
		w.users.listener(record, h.attrs)
	}
	if !w.trace.keep { // not part of the digest: what is logged depends on who listens
		return nil
	}
	w.line(record.Level.String() + " " + record.Message)
	if w.broken != nil && strings.HasPrefix(record.Message, "panic") {
		record.Attrs(func(a slog.Attr) bool { w.line(a.String()); return true })
	}
	return nil
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return h
}

func (h logHandler) WithGroup(string) slog.Handler { return h }
