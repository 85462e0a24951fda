package world

import "context"

// gated makes an outside call of the current task. Other tasks may run before
// and after it, and the task may be killed there. A call that was made may still
// return an error: then its answer is lost.
func gated[A any](ctx context.Context, w *World, what func() string, call func() (A, error)) (A, error) {
	var none A
	t := w.tasks.current
	if t == nil {
		return call() // a call by the world, outside any task
	}
	if err := w.before(ctx, t, what); err != nil {
		return none, err
	}
	answer, err := call()
	if lost := w.after(ctx, t, what); lost != nil {
		return none, lost
	}
	return answer, err
}

func (w *World) before(ctx context.Context, t *task, what func() string) error {
	if t.killed {
		return errKilled
	}
	w.Stats.Steps++
	expired := w.expired(ctx) // records the limit of a new context
	w.yield(t)
	if w.fault.strikes(w, t) {
		w.note("killed before %s", what)
		w.kill(t)
	}
	if delay := w.fault.slow(w); delay > 0 {
		if err := w.sleep(ctx, delay); err != nil {
			return err
		}
	}
	switch {
	case t.killed:
		return errKilled
	case expired, w.expired(ctx):
		return context.DeadlineExceeded
	}
	return nil
}

func (w *World) after(ctx context.Context, t *task, what func() string) error {
	w.note("%s", what)
	if w.hang != nil && w.hang(t.name, what()) {
		w.Note("hangs")
		w.hung = append(w.hung, t)
		w.suspend(t)
	}
	w.yield(t)
	if w.fault.strikes(w, t) {
		w.note("killed after %s", what)
		w.kill(t)
	}
	switch {
	case t.killed:
		return errKilled
	case w.expired(ctx):
		return context.DeadlineExceeded
	}
	return nil
}

// Hang makes tasks hang after the calls that the function picks, until Unhang.
func (w *World) Hang(which func(task, call string) bool) { w.hang = which }

// Hung returns how many tasks hang.
func (w *World) Hung() int { return len(w.hung) }

// Unhang resumes all tasks that hang.
func (w *World) Unhang() {
	w.hang = nil
	for _, t := range w.hung {
		w.wake(t)
	}
	w.hung = nil
}
