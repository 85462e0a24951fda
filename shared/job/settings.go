package job

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Settings are the settings of settings.cfg that the jobs use.
type Settings struct {
	// Imported is false until the first configuration is imported.
	Imported bool
	Freeze   fleet.Freeze
	Brake    fleet.Brake
}

// Settings reads the settings as they were last imported.
func (d Dependencies) Settings(ctx context.Context) (Settings, error) {
	current, err := config.Current(ctx, d.Store)
	if err != nil {
		return Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	settings := Settings{Imported: current.Revision != "", Freeze: current.Settings.GetFreeze(), Brake: fleet.DefaultBrake}
	if current.Settings.ReclaimBrakePercent != nil {
		settings.Brake.Percent = int(current.Settings.GetReclaimBrakePercent())
	}
	if current.Settings.ReclaimBrakeMinimum != nil {
		settings.Brake.Minimum = int(current.Settings.GetReclaimBrakeMinimum())
	}
	return settings, nil
}

// WithoutFrozen returns the items whose template is not frozen, and logs the
// templates whose items it left out.
func WithoutFrozen[T any](run Run, freeze fleet.Freeze, items []T, baseName func(T) string) []T {
	if len(freeze) == 0 {
		return items
	}
	var frozen []string
	var rest []T
	for _, item := range items {
		switch name := baseName(item); {
		case !freeze.Covers(name):
			rest = append(rest, item)
		case !slices.Contains(frozen, name):
			frozen = append(frozen, name)
		}
	}
	if len(frozen) > 0 {
		slices.Sort(frozen)
		run.Log.Info("left alone, because settings.cfg freezes it: "+strings.Join(frozen, ", "), "event", "FROZEN")
	}
	return rest
}

// Unfrozen returns the items whose template is not frozen. It reads the settings
// only if there are items.
func Unfrozen[T any](ctx context.Context, run Run, items []T, baseName func(T) string) ([]T, error) {
	if len(items) == 0 {
		return nil, nil
	}
	settings, err := run.Settings(ctx)
	return WithoutFrozen(run, settings.Freeze, items, baseName), err
}
