package world

// Hang lets each task hang behind the calls of which the function says so,
// until Unhang.
func (w *World) Hang(which func(task, call string) bool) { w.hang = which }

// Hung is how many tasks hang.
func (w *World) Hung() int { return len(w.hung) }

// Unhang lets everything go on.
func (w *World) Unhang() {
	w.hang = nil
	for _, t := range w.hung {
		w.wake(t)
	}
	w.hung = nil
}
