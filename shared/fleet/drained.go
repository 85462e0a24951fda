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

// RecordOver reports whether the record of a revision can go, as far as itself
// is concerned: its template is gone, and nobody can be creating it any more.
func (r Revision) RecordOver(now time.Time) bool {
	return r.State == Drained && r.URL == "" && !r.Deleting && now.Sub(r.DrainedAt) >= DrainTime
}

// RecordOver reports whether the record of a manager can go, as far as itself is
// concerned: its group is gone, and nobody can be creating it any more.
func (m Manager) RecordOver(now time.Time) bool {
	return m.State == Drained && m.URL == "" && !m.Deleting && now.Sub(m.DrainedAt) >= DrainTime
}
