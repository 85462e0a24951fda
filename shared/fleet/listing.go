package fleet

import (
	"maps"
	"slices"
)

// Sight is a VM as it was last seen.
type Sight struct {
	Hostname string `json:"h"`
	Running  bool   `json:"r,omitempty"`
	// Lost means that the VM is gone or stopped, and that its instance has not
	// been taken back yet.
	Lost bool `json:"l,omitempty"`
}

// Difference is what changed between two looks at a group.
type Difference struct {
	New     []string // ids that were not there before
	Lost    []string // ids that are gone or stopped now, or whose loss is unfinished
	Started []string // ids that are running now and were not before
}

// Any reports whether anything changed.
func (d Difference) Any() bool { return len(d.New)+len(d.Lost)+len(d.Started) > 0 }

// Compare finds what changed since the previous look at a group. An incomplete
// look proves nothing about the VMs that it did not see.
func Compare(before, now map[string]Sight, complete bool) Difference {
	var d Difference
	for id, sight := range now {
		was, known := before[id]
		if !known {
			d.New = append(d.New, id)
		}
		switch {
		case sight.Lost:
			d.Lost = append(d.Lost, id)
		case known && sight.Running && !was.Running:
			d.Started = append(d.Started, id)
		}
	}
	for id := range before {
		if _, there := now[id]; complete && !there {
			d.Lost = append(d.Lost, id)
		}
	}
	for _, ids := range [][]string{d.New, d.Lost, d.Started} {
		slices.Sort(ids)
	}
	return d
}

// Keep returns the listing to store: the VMs that exist now, and the lost ones
// that have not been dealt with, so that the next look finds them lost again.
// After an incomplete look it also keeps the VMs that the look did not see.
func Keep(before, now map[string]Sight, unfinished []string, complete bool) map[string]Sight {
	kept := map[string]Sight{}
	for id, was := range before {
		lost := slices.Contains(unfinished, id)
		was.Lost = was.Lost || lost
		if lost || !complete {
			kept[id] = was
		}
	}
	maps.Copy(kept, now)
	return kept
}
