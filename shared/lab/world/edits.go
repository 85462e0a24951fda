package world

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// configure changes the configuration and, half of the time, later changes it
// back.
func (c *chaos) configure() {
	before := maps.Clone(c.Config.Pools)
	c.reconfigure()
	if c.rand.IntN(2) == 0 {
		return
	}
	c.After(time.Duration(c.rand.IntN(300))*time.Second, func() {
		if !c.fault.off {
			c.Config.Set(func(config *Configuration) { config.Pools, config.Extra = before, "" })
		}
	})
}

// reconfigure changes something in the configuration, or breaks it.
func (c *chaos) reconfigure() {
	c.Config.Set(func(config *Configuration) {
		config.Extra = ""
		names := slices.Sorted(maps.Keys(config.Pools))
		var name string
		if len(names) > 0 {
			name = names[c.rand.IntN(len(names))]
		}
		switch n := c.rand.IntN(13); {
		case n == 0:
			config.Extra = "templates { base_name: 3"
		case n == 1:
			config.Pools[fmt.Sprintf("pool%d", c.rand.IntN(4))] = c.pool()
		case n == 2 && name != "":
			config.Freeze = [][]string{{name}, {"*"}}[c.rand.IntN(2)]
		case n <= 4:
			config.Freeze = nil
		case name == "":
		case n == 5:
			delete(config.Pools, name)
		default:
			config.Pools[name] = c.changed(config.Pools[name])
		}
	})
}

// changed returns the pool with another revision, often an earlier one, or with
// other zones or sizes.
func (c *chaos) changed(pool Pool) Pool {
	pool.Zones = maps.Clone(pool.Zones)
	zones := slices.Sorted(maps.Keys(pool.Zones))
	switch n := c.rand.IntN(7); {
	case n < 3:
		pool.Variant = 1 + c.rand.IntN(3)
	case n == 3:
		pool.Zones[Zones[c.rand.IntN(len(Zones))]] = c.sizes()
	case n == 4:
		if len(zones) > 0 {
			delete(pool.Zones, zones[0])
		}
	default:
		for _, zone := range zones {
			pool.Zones[zone] = c.sizes()
		}
	}
	return pool
}

// mend does what operators do once they see what is wrong: it corrects the
// configuration, lifts the freeze, takes the snapshots that pools wait for and,
// if the machines really are missing, releases the brake.
func (c *chaos) mend() {
	for _, base := range slices.Sorted(maps.Keys(c.Config.Pools)) {
		c.snapshot(base)
	}
	emptied := c.emptied()
	if c.Config.Extra == "" && len(c.Config.Freeze) == 0 && !emptied {
		return
	}
	c.Config.Set(func(config *Configuration) {
		config.Extra, config.Freeze = "", nil
		if emptied {
			config.Brake = 100
		}
	})
}

func (c *chaos) emptied() bool { return c.Stats.Faults[ProviderEmptied] > 0 }

// patience returns how many more sweeps the world needs after the Machine
// Provider lost its data: the jobs ask for each machine once an hour and, if
// somebody may be using it, give it up an hour later.
func (c *chaos) patience() int {
	if c.emptied() {
		return 120
	}
	return 0
}
