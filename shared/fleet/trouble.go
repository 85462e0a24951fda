package fleet

import "time"

// Trouble is the error by which Compute Engine fails to create VMs.
type Trouble struct {
	// Code is Compute Engine's, such as ZONE_RESOURCE_POOL_EXHAUSTED; empty for
	// none.
	Code  string    `firestore:"code,omitempty"`
	Since time.Time `firestore:"since,omitempty"`
}

// See records the error that the group's VMs have now; "" for none. It tells
// whether that is news.
func (t Trouble) See(code string, now time.Time) (Trouble, bool) {
	switch code {
	case t.Code:
		return t, false
	case "":
		return Trouble{}, true
	}
	return Trouble{Code: code, Since: now}, true
}
