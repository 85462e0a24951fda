package importconfig

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/gce-backend/gce-backend/shared/config"
)

// nextAfterError says what becomes of a configuration that is refused.
const nextAfterError = "nothing is imported until it is corrected; it is read again at each upload and each tick"

// report logs whether the files are valid, each time, and every problem in a
// line of its own.
func report(ctx context.Context, log *slog.Logger, files config.Files, problems config.Problems, inForce string) {
	for _, problem := range problems {
		level, next := slog.LevelError, nextAfterError
		if problem.Severity == config.Warning {
			level, next = slog.LevelWarn, "imported all the same"
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
	log.Error(message("refused")+"; "+kept, append(attributes, "event", "CONFIG_INVALID", "in_force", inForce, "next", nextAfterError)...)
}

// perFile says of each file whether it is valid.
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
