package invariants

import (
	"slices"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// Offer is the record of an offer that is open.
type Offer struct {
	At        time.Time `firestore:"at"`
	Instances []string  `firestore:"instances"`
}

// inDoubt reports whether an instance may yet come into the catalog: the run was
// killed that offered it, or it was offered again after an answer that was
// lost. That is not known for fleet.OfferWindow: so long it may stay as it is.
func (v View) inDoubt(key string) bool {
	i := v.Instances[key]
	_, offered := v.Machines[key]
	again := i.Reoffered && i.State != fleet.Deleted
	return !v.Late && !offered && (v.cutOff(i) || again) && v.Now.Sub(i.CatalogedAt) < fleet.OfferWindow+sweep
}

// cutOff reports whether the run may have been killed that offered an instance.
func (v View) cutOff(i fleet.Instance) bool {
	if i.State != fleet.Found && i.State != fleet.Cataloged {
		return false
	}
	for _, offer := range v.Offers {
		if offer.At.Equal(i.CatalogedAt) && slices.Contains(offer.Instances, i.Key()) {
			return true
		}
	}
	return false
}

// InDoubt are the instances that may yet come into the catalog.
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

// waits reports whether a group waits for such an instance.
func (r *rest) waits(at group) bool {
	for key, i := range r.Instances {
		if i.Zone == at.zone && fleet.TemplateName(i.BaseName, i.Revision) == at.name && r.inDoubt(key) {
			return true
		}
	}
	return false
}
