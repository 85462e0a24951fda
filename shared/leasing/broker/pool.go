package broker

import (
	"slices"
	"sync"
	"time"

	"github.com/gce-backend/gce-backend/shared/leasing"
)

const (
	// poolSize is how many machines are remembered as free.
	poolSize = 256
	// poolAge is for how long: other processes lease them too.
	poolAge = 5 * time.Second
)

// pool remembers machines that were seen free, so that not every request needs
// a search. Each is given to one request only, which then commits on condition
// that the machine is still as it was seen: what is remembered may be wrong.
//
// A machine may only enter when, after it was seen free, nobody was waiting.
// A request that waits later looks for free machines after it can be seen
// waiting, and finds this one; so whoever takes a machine out of the pool does
// not overtake anyone.
type pool struct {
	dice *dice

	mu    sync.Mutex
	items []pooled
	// page is how many machines the next search reads: more, the sooner it
	// comes after the one before.
	page     int
	searched time.Time
}

type pooled struct {
	machine storedMachine
	until   time.Time
}

// put adds machines as they were seen.
func (p *pool) put(now time.Time, machines ...storedMachine) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.items = slices.DeleteFunc(p.items, func(item pooled) bool { return !item.until.After(now) })
	for _, machine := range machines {
		known := slices.ContainsFunc(p.items, func(item pooled) bool { return item.machine.Key() == machine.Key() })
		if !known && len(p.items) < poolSize {
			p.items = append(p.items, pooled{machine: machine, until: now.Add(poolAge)})
		}
	}
}

// take removes a machine that serves a request, at random.
func (p *pool) take(now time.Time, wanted leasing.Dimensions) (storedMachine, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.items) == 0 {
		return storedMachine{}, false
	}
	begin := int(p.dice.below(int64(len(p.items))))
	for n := range p.items {
		i := (begin + n) % len(p.items)
		item := p.items[i]
		if !item.until.After(now) || !item.machine.Value.Dimensions.Match(wanted) {
			continue
		}
		p.items[i] = p.items[len(p.items)-1]
		p.items = p.items[:len(p.items)-1]
		return item.machine, true
	}
	return storedMachine{}, false
}

// pageSize is how many machines a search that begins now reads at first. Each
// is paid for: a few where requests are rare, many where the next one uses
// what this one leaves.
func (p *pool) pageSize(now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.searched) > poolAge || p.page == 0 {
		p.page = firstPage
	} else {
		p.page = min(p.page*2, maxFirstPage)
	}
	p.searched = now
	return p.page
}
