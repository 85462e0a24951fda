package fleet

import "time"

// Stamp notes on what Build has drained since when it is.
func (r Records) Stamp(have Records, now time.Time) Records {
	for id, revision := range r.Revisions {
		revision.DrainedAt = drainedAt(have.Revisions[id].State, revision.State, revision.DrainedAt, now)
		r.Revisions[id] = revision
	}
	for key, manager := range r.Managers {
		manager.DrainedAt = drainedAt(have.Managers[key].State, manager.State, manager.DrainedAt, now)
		r.Managers[key] = manager
	}
	return r
}

func drainedAt(was, is State, at, now time.Time) time.Time {
	switch {
	case is != Drained:
		return time.Time{}
	case was != Drained:
		return now
	}
	return at
}
