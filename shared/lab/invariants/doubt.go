package invariants

import (
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// untilCompared is how long an instance may be recorded as cataloged without a
// catalog entry after the run that offered it was killed.
// update-cataloged-instances, which compares the two, does so every five
// minutes.
const untilCompared = 7 * time.Minute

// inDoubt reports whether the run that offered an instance may have been killed.
func (v View) inDoubt(key string) bool {
	i := v.Instances[key]
	_, offered := v.Machines[key]
	return !v.Late && !offered && i.State == fleet.Cataloged && v.Now.Sub(i.CatalogedAt) < untilCompared+sweep
}

// InDoubt returns the instances whose offers may have been cut off.
func (v View) InDoubt() []string {
	var keys []string
	for key := range v.Instances {
		if v.inDoubt(key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// waits reports whether an instance of a group is in doubt.
func (r *rest) waits(at group) bool {
	for key, i := range r.Instances {
		if i.Zone == at.zone && fleet.TemplateName(i.BaseName, i.Revision) == at.name && r.inDoubt(key) {
			return true
		}
	}
	return false
}
