package promises

import (
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// offerTime is how long an offer to the catalog takes at most.
const offerTime = 5 * time.Second

// cutOff tells whether the run was killed that offered an instance: whether the
// catalog will have it is then not known for fleet.OfferWindow, and an instance
// whose VM is up is found by the hourly verification only. That is decided, in
// docs/decisions/0002; it is longer than a test waits.
func (v View) cutOff(key string) bool {
	i := v.Instances[key]
	_, offered := v.Machines[key]
	return !offered && (i.State == fleet.Found || i.State == fleet.Cataloged) && !i.CatalogedAt.IsZero() &&
		slices.ContainsFunc(v.Kills, func(at time.Time) bool {
			return at.After(i.CatalogedAt) && at.Before(i.CatalogedAt.Add(offerTime))
		})
}

// CutOff are the instances whose offers were cut off.
func (v View) CutOff() []string {
	var keys []string
	for key := range v.Instances {
		if v.cutOff(key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// waits tells whether a group waits for such an instance.
func (r *rest) waits(at group) bool {
	for key, i := range r.Instances {
		if i.Zone == at.zone && fleet.TemplateName(i.BaseName, i.Revision) == at.name && r.cutOff(key) {
			return true
		}
	}
	return false
}
