package bench

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// heapSamples is how often the heap is looked at.
const heapSamples = time.Millisecond

// eagerCollector makes the collector run so often that what is on the heap is
// nearly all live.
const eagerCollector = 10

// watchHeap watches the live heap until the function that it returns is called,
// which returns by how much the heap grew at most.
func watchHeap() (peak func() int64) {
	was := debug.SetGCPercent(eagerCollector)
	runtime.GC()
	before := liveHeap()
	stop, most := make(chan struct{}), make(chan int64)
	go func() {
		ticker := time.NewTicker(heapSamples)
		defer ticker.Stop()
		greatest := before
		for {
			select {
			case <-stop:
				most <- greatest
				return
			case <-ticker.C:
				greatest = max(greatest, liveHeap())
			}
		}
	}()
	return func() int64 {
		close(stop)
		greatest := <-most
		debug.SetGCPercent(was)
		return greatest - before
	}
}

// liveHeap returns what the last collection found to be live: what was allocated
// since may be garbage, however much it is.
func liveHeap() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
