package promises

import (
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// offer is the record of an offer that is open.
type offer struct {
	At        time.Time `firestore:"at"`
	Instances []string  `firestore:"instances"`
}

// cutOff tells whether the run was killed that offered an instance. Whether the
// catalog will have it is then not known for fleet.OfferWindow, which is longer
// than a test waits: so long it may stay as it is.
func (v View) cutOff(key string) bool {
	i := v.Instances[key]
	_, offered := v.Machines[key]
	at, open := v.Offers[key]
	return open && !offered && (i.State == fleet.Found || i.State == fleet.Cataloged) &&
		at.Equal(i.CatalogedAt) && v.Now.Sub(at) < fleet.OfferWindow+sweep
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
