package world

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/fleet"
)

// configured checks the configuration that is put in force, and notes which
// pools it freezes: since which task, because a run that
// began before may not know yet.
func (c *commit) configured(write store.Write) {
	stored, err := config.Decode(write.Fields)
	if err != nil {
		c.world.Break(KnownState, "the configuration does not decode: "+err.Error())
		return
	}
	c.world.check(WholeConfig)
	if !c.world.Config.whole[stored.Revision] {
		c.world.Break(WholeConfig, "revision "+stored.Revision+" is a part of an upload")
	}
	since := map[string]int{}
	for _, name := range stored.Settings.GetFreeze() {
		since[name] = c.world.tasks.count
		if earlier, frozen := c.world.mirror.frozen[name]; frozen {
			since[name] = earlier
		}
	}
	c.world.mirror.frozen = since
}

// frozen reports whether the current task must know that a pool is frozen.
func (w *World) frozen(base string) bool {
	if w.tasks.current == nil || len(w.mirror.frozen) == 0 {
		return false
	}
	w.check(FrozenStays)
	for _, name := range []string{base, "*"} {
		if since, frozen := w.mirror.frozen[name]; frozen && w.tasks.current.number > since {
			return true
		}
	}
	return false
}

// frozenAsked: nothing is asked of Compute Engine about a frozen pool.
func (w *World) frozenAsked(method string, parts []string, body []byte) {
	name := ""
	switch {
	case len(parts) > 3 && parts[2] == "instanceTemplates":
		name = parts[3]
	case len(parts) > 4 && parts[3] == "instanceGroupManagers":
		name = parts[4]
	default: // an insert names what it makes
		var made struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(body, &made) != nil {
			return
		}
		name = made.Name
	}
	if base, _ := SplitName(name); w.frozen(base) {
		w.Break(FrozenStays, fmt.Sprintf("%s %s of %s", method, strings.Join(parts, "/"), name))
	}
}

// frozenState: a frozen pool is neither drained nor activated.
func (w *World) frozenState(base, what string, was, is fleet.State) {
	if was != is && w.frozen(base) {
		w.Break(FrozenStays, fmt.Sprintf("%s of %s goes from %q to %q", what, base, was, is))
	}
}
