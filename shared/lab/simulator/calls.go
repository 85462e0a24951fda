package simulator

import "maps"

// Calls returns the number of calls by method since the start or the last
// [Cloud.ResetCalls], including calls that a fault or the quota refused.
func (c *Cloud) Calls() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.calls)
}

// Mutations returns the number of calls of methods that can change something.
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
