package world

import (
	"slices"
	"time"
)

// planned is a function to run at a planned time.
type planned struct {
	at  time.Time
	run func()
}

// After runs a function after a duration of the world's time. The plan is sorted
// latest first, so the next event is its last; events of the same time run in
// the order in which they were planned.
func (w *World) After(d time.Duration, run func()) {
	at := w.clock.Add(max(d, 0))
	i, _ := slices.BinarySearchFunc(w.plan, at, func(p planned, at time.Time) int { return at.Compare(p.at) })
	w.plan = slices.Insert(w.plan, i, planned{at, run})
}

// RunUntil runs the world until a time, or until an invariant is broken.
func (w *World) RunUntil(end time.Time) {
	for w.broken == nil {
		if t := w.pick(); t != nil {
			w.turn(t)
			continue
		}
		next, ok := w.nextEvent()
		if !ok || next.After(end) {
			if end.After(w.clock) {
				w.clock = end
				w.Cloud.Advance()
				continue // run what that set off
			}
			return
		}
		if next.After(w.clock) {
			w.clock = next
		}
		w.Cloud.Advance()
		for last := len(w.plan) - 1; last >= 0 && !w.plan[last].at.After(w.clock); last = len(w.plan) - 1 {
			run := w.plan[last].run
			w.plan = slices.Delete(w.plan, last, last+1)
			run()
		}
	}
}

// RunFor runs the world for a duration.
func (w *World) RunFor(d time.Duration) { w.RunUntil(w.clock.Add(d)) }

// Settle runs the world until no task runs and no message is under way, for at
// most a duration. Compute Engine may still be at work.
func (w *World) Settle(most time.Duration) {
	end := w.clock.Add(most)
	for w.broken == nil && w.clock.Before(end) && (len(w.tasks.all) > 0 || w.mail.underWay > 0) {
		w.RunFor(min(time.Second, end.Sub(w.clock)))
	}
}

func (w *World) nextEvent() (time.Time, bool) {
	next, ok := w.Cloud.NextEvent()
	if last := len(w.plan) - 1; last >= 0 && (!ok || w.plan[last].at.Before(next)) {
		return w.plan[last].at, true
	}
	return next, ok
}
