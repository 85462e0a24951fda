// Package ticks stands in for Cloud Scheduler: it publishes the tick of each
// scheduled function, on a time scale in which a minute may last a second.
package ticks

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/adhocore/gronx"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

// Ticker publishes ticks.
type Ticker struct {
	Manifest  manifest.Manifest
	Publisher event.Publisher
	Every     time.Duration // the duration of a minute of the schedules
	Start     time.Time     // the time of the first tick, for the schedules
	Log       *slog.Logger
}

// publishTimeout bounds one publish.
const publishTimeout = 10 * time.Second

// Check returns an error for a schedule that the Ticker cannot keep.
func Check(m manifest.Manifest) error {
	cron := gronx.New()
	for _, name := range m.Names() {
		if schedule := m.Functions[name].Schedule; schedule != "" && !cron.IsValid(schedule) {
			return fmt.Errorf("the schedule %q of %s is no cron expression", schedule, name)
		}
	}
	return nil
}

// Run publishes ticks until ctx ends: for every scheduled function at once, and
// then at the minutes of its schedule.
func (t Ticker) Run(ctx context.Context) {
	ticker := time.NewTicker(t.Every)
	defer ticker.Stop()
	for minute := 0; ; minute++ {
		for _, name := range t.due(minute) {
			t.tick(ctx, name)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// due lists the functions whose schedule includes a minute.
func (t Ticker) due(minute int) []string {
	cron := gronx.New()
	at := t.Start.Truncate(time.Minute).Add(time.Duration(minute) * time.Minute)
	var names []string
	for _, name := range t.Manifest.Names() {
		schedule := t.Manifest.Functions[name].Schedule
		if schedule == "" {
			continue
		}
		if due, err := cron.IsDue(schedule, at); minute == 0 || (err == nil && due) {
			names = append(names, name)
		}
	}
	return names
}

func (t Ticker) tick(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	err := t.Publisher.Publish(ctx, event.Topic{Name: name}, event.Message{Data: []byte("{}")})
	if err != nil && ctx.Err() == nil {
		t.Log.Warn("a tick was lost: "+err.Error(), "job", name, "next", "the next tick")
	}
}
