package simulator

import "maps"

// Calls counts the calls by method since the start or [Cloud.ResetCalls], those
// that a fault or the quota refused included.
func (c *Cloud) Calls() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.calls)
}

// Mutations counts the calls that could have changed something.
func (c *Cloud) Mutations() int {
	n := 0
	for method, count := range c.Calls() {
		if c.mutating[method] {
			n += count
		}
	}
	return n
}

// ResetCalls sets the counters to zero.
func (c *Cloud) ResetCalls() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.calls)
}
