package world

import "maps"

// Stats count what happened.
type Stats struct {
	// Steps counts outside calls, Runs deliveries of messages to jobs, Calls
	// requests to Compute Engine, and Mutations those requests that change
	// something. Distinct counts mutations with the same request id once, as
	// Compute Engine makes them once.
	Steps, Runs, Calls, Mutations, Distinct int
	// Reads and Writes count documents.
	Reads, Writes int
	// Leases counts the leases that were given. Deletions counts the VMs whose
	// deletion was requested, Raises the VMs by which groups were asked to grow.
	Leases, Deletions, Raises int
	Faults                    map[Kind]int
	// Checked counts the checks of each invariant.
	Checked map[string]int
}

// Plus adds counts.
func (s Stats) Plus(o Stats) Stats {
	s.Steps, s.Runs, s.Calls, s.Mutations = s.Steps+o.Steps, s.Runs+o.Runs, s.Calls+o.Calls, s.Mutations+o.Mutations
	s.Reads, s.Writes, s.Leases = s.Reads+o.Reads, s.Writes+o.Writes, s.Leases+o.Leases
	s.Faults, s.Checked = maps.Clone(s.Faults), maps.Clone(s.Checked)
	for kind, n := range o.Faults {
		s.Faults[kind] += n
	}
	for name, n := range o.Checked {
		s.Checked[name] += n
	}
	return s
}
