package fleet

import (
	"maps"
	"slices"
)

// Sight is a VM as it was last seen.
type Sight struct {
	Hostname string `json:"h"`
	Running  bool   `json:"r,omitempty"`
	// Lost says that the VM is gone or stopped, and that taking its instance
	// back is not finished.
	Lost bool `json:"l,omitempty"`
}

// Difference is what changed between two looks at a group.
type Difference struct {
	New     []string // ids that were not there before
	Lost    []string // ids that are gone or stopped now, or whose loss is not finished with
	Started []string // ids that are running now and were not before
}

// Any reports whether anything changed.
func (d Difference) Any() bool { return len(d.New)+len(d.Lost)+len(d.Started) > 0 }

// Compare finds what changed since the listing before. Of an incomplete look
// nothing follows about the VMs that it did not see.
func Compare(before, now map[string]Sight, complete bool) Difference {
	var d Difference
	for id, sight := range now {
		was, known := before[id]
		switch {
		case !known:
			d.New = append(d.New, id)
			if sight.Lost {
				d.Lost = append(d.Lost, id)
			}
		case sight.Lost:
			d.Lost = append(d.Lost, id)
		case sight.Running && !was.Running:
			d.Started = append(d.Started, id)
		}
	}
	if complete {
		for id := range before {
			if _, there := now[id]; !there {
				d.Lost = append(d.Lost, id)
			}
		}
	}
	slices.Sort(d.New)
	slices.Sort(d.Lost)
	slices.Sort(d.Started)
	return d
}

// Settle makes the listing to keep: what is there now, and the lost ones that
// are not finished with, so that the next look finds them lost again.
func Settle(before, now map[string]Sight, unfinished []string, complete bool) map[string]Sight {
	kept := maps.Clone(now)
	if kept == nil {
		kept = map[string]Sight{}
	}
	for id, was := range before {
		if _, there := kept[id]; there {
			continue
		}
		if !complete {
			kept[id] = was
		}
	}
	for _, id := range unfinished {
		if was, known := before[id]; known {
			was.Lost = true
			if _, there := now[id]; !there {
				kept[id] = was
			}
		}
	}
	return kept
}
