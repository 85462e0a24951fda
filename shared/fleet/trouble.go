package fleet

import "time"

// Trouble is the error by which Compute Engine fails to create VMs.
type Trouble struct {
	// Code is Compute Engine's, such as ZONE_RESOURCE_POOL_EXHAUSTED; empty for
	// none.
	Code  string    `firestore:"code,omitempty"`
	Since time.Time `firestore:"since,omitempty"`
}

// See records the error that the group's VMs have now; "" for none.
func (t Trouble) See(code string, now time.Time) Trouble {
	switch code {
	case t.Code:
		return t
	case "":
		return Trouble{}
	}
	return Trouble{Code: code, Since: now}
}
