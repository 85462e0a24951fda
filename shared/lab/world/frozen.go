package world

import (
	"fmt"
	"net/http"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// configured checks the configuration that is put in force, and records which
// pools it freezes and since which task: a run that began earlier may not know
// yet.
func (w *World) configured(write store.Write) {
	stored, err := config.Decode(write.Fields)
	if err != nil {
		w.Break(invariants.KnownState, "the configuration does not decode: "+err.Error())
		return
	}
	w.check(invariants.WholeConfig)
	if !w.Config.whole[stored.Revision] {
		w.Break(invariants.WholeConfig, "revision "+stored.Revision+" is a part of an upload")
	}
	since := map[string]int{}
	for _, name := range stored.Settings.GetFreeze() {
		since[name] = w.tasks.count
		if earlier, frozen := w.mirror.frozen[name]; frozen {
			since[name] = earlier
		}
	}
	w.mirror.frozen = since
}

// frozen reports whether the current task must know that a pool is frozen.
func (w *World) frozen(base string) bool {
	if w.tasks.current == nil || len(w.mirror.frozen) == 0 {
		return false
	}
	w.check(invariants.FrozenStays)
	for _, name := range []string{base, "*"} {
		if since, frozen := w.mirror.frozen[name]; frozen && w.tasks.current.number > since {
			return true
		}
	}
	return false
}

// frozenAsked checks that a job sends no request about a frozen pool to Compute
// Engine.
func (w *World) frozenAsked(r *http.Request, body []byte) {
	name := invariants.Concerns(r, body)
	base, _, _ := fleet.SplitTemplateName(name)
	if w.frozen(base) {
		w.Break(invariants.FrozenStays, fmt.Sprintf("%s %s of %s", r.Method, r.URL.Path, name))
	}
}

// frozenState checks that a frozen pool is neither drained nor activated.
func (w *World) frozenState(base, what string, was, is fleet.State) {
	if is != "" && was != is && w.frozen(base) {
		w.Break(invariants.FrozenStays, fmt.Sprintf("%s of %s goes from %q to %q", what, base, was, is))
	}
}
