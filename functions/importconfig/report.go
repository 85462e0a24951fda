package importconfig

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/config"
)

// nextAfterError is the attribute "next" for a configuration that is refused.
const nextAfterError = "nothing is imported until it is corrected; it is read again at each upload and each tick"

// reporter logs whether a configuration is valid. It remembers the revision
// whose problems it has logged: until another one comes, one line at each tick is
// enough.
type reporter struct {
	mu       sync.Mutex
	revision string
	at       time.Time
}

// logged returns when an earlier run logged the problems of a revision; zero if
// none did.
func (r *reporter) logged(revision string, now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.revision == revision {
		return r.at
	}
	r.revision, r.at = revision, now
	return time.Time{}
}

// report logs the problems of a new revision, each in its own line. At each
// call it logs whether the files are valid.
func (r *reporter) report(ctx context.Context, log *slog.Logger, files config.Files, problems config.Problems, inForce string, now time.Time) {
	before := r.logged(files.Revision, now)
	for _, problem := range problems {
		if !before.IsZero() {
			break
		}
		level, next := slog.LevelError, nextAfterError
		if problem.Severity == config.Warning {
			level, next = slog.LevelWarn, "imported anyway"
		}
		log.Log(ctx, level, problem.String(), "event", "CONFIG_PROBLEM", "config_revision", files.Revision,
			"file", problem.File, "line", problem.Line, "column", problem.Column, "next", next)
	}
	wrong := len(problems.Errors())
	attributes := []any{
		"config_revision", files.Revision, "problems", wrong, "warnings", len(problems) - wrong,
	}
	message := func(verdict string) string {
		return fmt.Sprintf("the configuration at revision %s is %s: %s", files.Revision, verdict, perFile(files, problems))
	}
	if wrong == 0 {
		log.Info(message("valid"), append(attributes, "event", "CONFIG_VALID")...)
		return
	}
	kept := "none is in force yet"
	if inForce != "" {
		kept = "revision " + inForce + " stays in force"
	}
	if !before.IsZero() {
		kept += "; its problems were logged at " + before.UTC().Format(time.RFC3339)
	}
	log.Error(message("refused")+"; "+kept, append(attributes, "event", "CONFIG_INVALID", "in_force", inForce, "next", nextAfterError)...)
}

// perFile returns a clause that says for each file whether it is valid.
func perFile(files config.Files, problems config.Problems) string {
	counts := map[string]int{}
	for _, problem := range problems.Errors() {
		counts[problem.File]++
	}
	var parts []string
	for _, name := range []string{config.TemplatesFile, config.ManagersFile, config.SettingsFile} {
		switch {
		case counts[name] > 0:
			parts = append(parts, fmt.Sprintf("%s has %d problems", name, counts[name]))
		case name == config.SettingsFile && files.Settings == nil:
			parts = append(parts, name+" is absent")
		default:
			parts = append(parts, name+" is valid")
		}
	}
	return strings.Join(parts, ", ")
}
