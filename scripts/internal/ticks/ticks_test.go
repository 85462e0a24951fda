package ticks

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

// counter counts messages by topic.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counter) Publish(_ context.Context, topic event.Topic, messages ...event.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[topic.Name] += len(messages)
	return nil
}

func scheduled(schedules map[string]string) manifest.Manifest {
	m := manifest.Manifest{Functions: map[string]manifest.Function{}}
	for name, schedule := range schedules {
		m.Functions[name] = manifest.Function{Schedule: schedule}
	}
	return m
}

func TestTicksByTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counter := &counter{counts: map[string]int{}}
		ctx, cancel := context.WithCancel(t.Context())
		go Ticker{
			Manifest: scheduled(map[string]string{
				"each-minute": "* * * * *", "each-five": "*/5 * * * *", "hourly": "0 * * * *", "never": "",
			}),
			Publisher: counter, Every: time.Second, Log: slog.New(slog.DiscardHandler),
			Start: time.Date(2026, 1, 1, 11, 58, 30, 0, time.UTC),
		}.Run(ctx)
		time.Sleep(12*time.Second + time.Millisecond)
		cancel()
		synctest.Wait()
		// 13 minutes, from 11:58 to 12:10, and all of them at the start.
		want := map[string]int{"each-minute": 13, "each-five": 4, "hourly": 2}
		if !maps.Equal(counter.counts, want) {
			t.Errorf("ticks %v, want %v", counter.counts, want)
		}
	})
}

func TestCheck(t *testing.T) {
	if err := Check(scheduled(map[string]string{"a": "* * * * *", "b": "", "c": "*/10 0-5 * * 1"})); err != nil {
		t.Error(err)
	}
	for _, schedule := range []string{"each minute", "* * *", "61 * * * *"} {
		if err := Check(scheduled(map[string]string{"job": schedule})); err == nil || !strings.Contains(err.Error(), "job") {
			t.Errorf("%q: %v", schedule, err)
		}
	}
}

func TestDueInOrder(t *testing.T) {
	ticker := Ticker{Manifest: scheduled(map[string]string{"b": "* * * * *", "a": "* * * * *"})}
	if due := ticker.due(3); !slices.Equal(due, []string{"a", "b"}) {
		t.Errorf("due: %v", due)
	}
}
