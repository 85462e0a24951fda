package bench

import (
	"sync/atomic"
	"time"
)

// clock is the machine's, set forward by what was skipped.
type clock struct{ skipped atomic.Int64 }

func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.skipped.Load())) }

func (c *clock) skip(d time.Duration) { c.skipped.Add(int64(d)) }
