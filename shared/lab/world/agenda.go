package world

import (
	"container/heap"
	"time"
)

// planned is something that happens at a time.
type planned struct {
	at  time.Time
	seq int
	run func()
}

// agenda holds what is planned, by time and then in the order of planning.
type agenda struct {
	items []planned
	seq   int
}

func (a *agenda) Len() int { return len(a.items) }
func (a *agenda) Less(i, j int) bool {
	if !a.items[i].at.Equal(a.items[j].at) {
		return a.items[i].at.Before(a.items[j].at)
	}
	return a.items[i].seq < a.items[j].seq
}
func (a *agenda) Swap(i, j int) { a.items[i], a.items[j] = a.items[j], a.items[i] }
func (a *agenda) Push(x any)    { a.items = append(a.items, x.(planned)) }
func (a *agenda) Pop() any {
	last := len(a.items) - 1
	item := a.items[last]
	a.items[last] = planned{}
	a.items = a.items[:last]
	return item
}

// After plans something.
func (w *World) After(d time.Duration, run func()) {
	w.plan.seq++
	heap.Push(&w.plan, planned{at: w.clock.Add(max(d, 0)), seq: w.plan.seq, run: run})
}

// RunUntil lets the world go on until a time, or until an invariant is broken.
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
				continue // what that set off
			}
			return
		}
		if next.After(w.clock) {
			w.clock = next
		}
		w.Cloud.Advance()
		for len(w.plan.items) > 0 && !w.plan.items[0].at.After(w.clock) {
			heap.Pop(&w.plan).(planned).run()
		}
	}
}

// RunFor lets the world go on for a time.
func (w *World) RunFor(d time.Duration) { w.RunUntil(w.clock.Add(d)) }

// Settle lets the world go on until no task runs and no message is under way,
// at most for a time. Compute Engine may still be at work.
func (w *World) Settle(most time.Duration) {
	end := w.clock.Add(most)
	for w.broken == nil && w.clock.Before(end) && (len(w.tasks.all) > 0 || w.mail.underWay > 0) {
		w.RunFor(min(time.Second, end.Sub(w.clock)))
	}
}

func (w *World) nextEvent() (time.Time, bool) {
	next, ok := w.Cloud.NextEvent()
	if len(w.plan.items) > 0 && (!ok || w.plan.items[0].at.Before(next)) {
		return w.plan.items[0].at, true
	}
	return next, ok
}
