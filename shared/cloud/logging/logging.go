// Package logging writes log lines: JSON in Cloud Logging's form when
// deployed, readable text on a terminal.
package logging

import (
	"io"
	"log/slog"
)

// JSON returns a logger whose lines Cloud Logging understands: they have
// severity and message in place of slog's level and msg.
func JSON(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: cloud}))
}

// Text returns a logger that writes readable lines, for a terminal.
func Text(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

func cloud(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attr
	}
	switch attr.Key {
	case slog.LevelKey:
		return slog.String("severity", severity(attr.Value))
	case slog.MessageKey:
		attr.Key = "message"
	}
	return attr
}

func severity(value slog.Value) string {
	level, _ := value.Any().(slog.Level)
	switch {
	case level >= slog.LevelError:
		return "ERROR"
	case level >= slog.LevelWarn:
		return "WARNING"
	case level >= slog.LevelInfo:
		return "INFO"
	}
	return "DEBUG"
}
