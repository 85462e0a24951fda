package world

import (
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// window is the period in which writes to a document are counted.
const window = 2 * time.Minute

// load counts writes to documents, and records the longest runs.
type load struct {
	writes  map[store.Key]int
	since   time.Time
	hottest map[string]int // by the collection's last segment
	longest map[string]time.Duration
}

func newLoad() load {
	return load{writes: map[store.Key]int{}, hottest: map[string]int{}, longest: map[string]time.Duration{}}
}

func (w *World) noteWrites(writes []store.Write) {
	if w.clock.Sub(w.load.since) >= window {
		clear(w.load.writes)
		w.load.since = w.clock
	}
	for _, write := range writes {
		w.load.writes[write.Key]++
		group := write.Key.Group()
		w.load.hottest[group] = max(w.load.hottest[group], w.load.writes[write.Key])
	}
}

// Hottest returns, for each collection, the greatest number of writes to one
// document within a window.
func (w *World) Hottest() map[string]int { return w.load.hottest }

// Longest returns the duration of each function's longest run.
func (w *World) Longest() map[string]time.Duration { return w.load.longest }

// TimeLimit returns how long a run of a function may take.
func (w *World) TimeLimit(function string) time.Duration {
	return w.suite.Manifest.Functions[function].Timeout()
}

// ResetLoad starts new measurements.
func (w *World) ResetLoad() { w.load = newLoad() }
