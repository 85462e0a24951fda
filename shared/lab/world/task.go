package world

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// errKilled is returned by every call that a killed task still makes; no such
// call has an effect.
var errKilled = &failure.Error{Class: failure.Permanent, Err: errors.New("the process was killed")}

// task is one run of something that calls the outside: a goroutine of which
// exactly one in the world runs at a time. It hands control back at a gate
// before and after every outside call.
type task struct {
	name   string
	number int
	resume chan struct{}
	done   bool
	killed bool
	// asleep means that the task is not ready to run until something wakes it.
	asleep bool
	err    error
	then   func(error)
	// limits maps each context's own deadline to its end in the world's time.
	limits map[time.Time]time.Time
	worker chan func()
}

type tasks struct {
	ready   []*task
	all     map[*task]bool
	current *task
	next    *task
	parked  chan struct{}
	count   int
	workers []chan func()
	idle    []chan func()
}

// spawn starts a task, which runs when the scheduler picks it. The function
// passed as then is called when the task has ended.
func (w *World) spawn(name string, run func(ctx context.Context) error, then func(error)) *task {
	w.tasks.count++
	t := &task{name: fmt.Sprintf("%s#%d", name, w.tasks.count), number: w.tasks.count, resume: make(chan struct{}), then: then, limits: map[time.Time]time.Time{}}
	w.tasks.all[t] = true
	w.tasks.ready = append(w.tasks.ready, t)
	t.worker = w.tasks.hire()
	t.worker <- func() {
		<-t.resume
		t.err = run(context.Background())
		t.done = true
		w.tasks.parked <- struct{}{}
	}
	return t
}

// hire finds a goroutine to run a task on: one that has run another before,
// because its stack has grown already.
func (s *tasks) hire() chan func() {
	if last := len(s.idle) - 1; last >= 0 {
		worker := s.idle[last]
		s.idle = s.idle[:last]
		return worker
	}
	worker := make(chan func(), 1)
	s.workers = append(s.workers, worker)
	go func() {
		for run := range worker {
			run()
		}
	}()
	return worker
}

// turn lets a ready task run until it parks or ends.
func (w *World) turn(t *task) {
	for t != nil {
		w.tasks.current, w.tasks.next = t, nil
		t.resume <- struct{}{}
		<-w.tasks.parked
		if t.done {
			w.tasks.current = nil
			w.end(t)
		}
		t = w.tasks.next
	}
	w.tasks.current = nil
}

func (w *World) end(t *task) {
	delete(w.tasks.all, t)
	w.tasks.remove(t)
	w.tasks.idle = append(w.tasks.idle, t.worker)
	if t.killed {
		t.err = errKilled
	}
	if t.then != nil {
		t.then(t.err)
	}
}

func (s *tasks) remove(t *task) {
	s.ready = slices.DeleteFunc(s.ready, func(other *task) bool { return other == t })
}

// pick chooses the task that runs next; nil if none is ready.
func (w *World) pick() *task {
	ready := w.tasks.ready
	if len(ready) == 0 {
		return nil
	}
	if len(ready) == 1 || w.Options.Serial {
		return ready[0]
	}
	return ready[w.rand.IntN(len(ready))]
}

// yield lets the scheduler decide which task runs next.
func (w *World) yield(t *task) {
	next := w.pick()
	if next == t {
		return
	}
	w.park(t, next)
}

func (w *World) park(t, next *task) {
	w.tasks.next = next
	w.tasks.parked <- struct{}{}
	<-t.resume
}

// suspend parks the current task until wake is called.
func (w *World) suspend(t *task) {
	w.tasks.remove(t)
	t.asleep = true
	w.park(t, nil)
}

func (w *World) wake(t *task) {
	if t.asleep && !t.done {
		t.asleep = false
		w.tasks.ready = append(w.tasks.ready, t)
	}
}

// kill ends a task: nothing that it does from now on has an effect.
func (w *World) kill(t *task) {
	t.killed = true
	w.wake(t)
}

// sleep waits in the world's time.
func (w *World) sleep(ctx context.Context, d time.Duration) error {
	t := w.tasks.current
	if t == nil {
		panic("the world itself sleeps")
	}
	if t.killed {
		return errKilled
	}
	w.After(d, func() { w.wake(t) })
	w.suspend(t)
	switch {
	case t.killed:
		return errKilled
	case w.expired(ctx):
		return context.DeadlineExceeded
	}
	return nil
}

// expired reports whether a context is over in the world's time.
func (w *World) expired(ctx context.Context) bool {
	limit := w.limitOf(ctx, w.tasks.current)
	return !limit.IsZero() && !w.clock.Before(limit)
}

// limitOf returns when a task's context ends in the world's time; zero if never.
// A context's deadline is in the machine's time, which hardly passes in a world:
// the time left when the context is first seen is its full duration.
func (w *World) limitOf(ctx context.Context, t *task) time.Time {
	deadline, ok := ctx.Deadline()
	if t == nil || !ok {
		return time.Time{}
	}
	if _, seen := t.limits[deadline]; !seen {
		left := time.Until(deadline).Truncate(time.Second) + time.Second
		t.limits[deadline] = w.clock.Add(left)
	}
	return t.limits[deadline]
}

// drain kills all remaining tasks and runs them to their end.
func (s *tasks) drain(w *World) {
	for len(s.all) > 0 {
		for t := range s.all {
			t.killed, t.then = true, nil
			w.wake(t)
		}
		for len(s.ready) > 0 {
			w.turn(s.ready[0])
		}
	}
	for _, worker := range s.workers {
		close(worker)
	}
	s.workers, s.idle = nil, nil
}
