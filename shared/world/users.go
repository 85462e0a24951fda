package world

import "log/slog"

// users are those who live in the world.
type users struct {
	listener func(record slog.Record, attrs []slog.Attr)
}

// Listen hands every log line to a function.
func (w *World) Listen(to func(record slog.Record, attrs []slog.Attr)) { w.users.listener = to }
