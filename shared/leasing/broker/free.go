package broker

import (
	"slices"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/leasing"
)

const (
	// freeMost is the maximum number of machines that are remembered as free.
	freeMost = 256
	// freeAge is how long they are remembered: other processes may lease them.
	freeAge = 5 * time.Second
)

// seenFree remembers machines that were seen free, so that not every request
// needs a search. Each machine is given to one request only. That request
// commits on condition that the machine has not changed since it was seen,
// because the memory may be out of date.
//
// A machine may be added only if a check that began after the machine was seen
// free found no waiting request. A request that starts waiting after the check
// looks for free machines once it is visible as waiting, and finds this machine;
// so a request that takes a machine from here does not overtake another.
type seenFree struct {
	dice *dice

	mu    sync.Mutex
	items []sighting
	// page is the number of machines that the next search reads: the sooner it
	// follows the previous search, the more.
	page     int
	searched time.Time
}

type sighting struct {
	machine storedMachine
	until   time.Time
}

// put adds machines as they were seen.
func (f *seenFree) put(now time.Time, machines ...storedMachine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = slices.DeleteFunc(f.items, func(item sighting) bool { return !item.until.After(now) })
	for _, machine := range machines {
		known := slices.ContainsFunc(f.items, func(item sighting) bool { return item.machine.Key() == machine.Key() })
		if !known && len(f.items) < freeMost {
			f.items = append(f.items, sighting{machine: machine, until: now.Add(freeAge)})
		}
	}
}

// take removes and returns a random machine that serves a request.
func (f *seenFree) take(now time.Time, wanted leasing.Dimensions) (storedMachine, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.items) == 0 {
		return storedMachine{}, false
	}
	begin := int(f.dice.below(int64(len(f.items))))
	for n := range f.items {
		i := (begin + n) % len(f.items)
		item := f.items[i]
		if !item.until.After(now) || !item.machine.Value.Dimensions.Match(wanted) {
			continue
		}
		f.items[i] = f.items[len(f.items)-1]
		f.items = f.items[:len(f.items)-1]
		return item.machine, true
	}
	return storedMachine{}, false
}

// pageSize returns the number of machines that a search that begins now reads
// at first. Each read costs money: a few are enough if requests are rare, and
// many are better if the next requests use the remaining machines.
func (f *seenFree) pageSize(now time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.searched) > freeAge || f.page == 0 {
		f.page = firstPage
	} else {
		f.page = min(f.page*2, maxFirstPage)
	}
	f.searched = now
	return f.page
}
