package bench

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// heapSamples is the interval at which the heap is measured.
const heapSamples = time.Millisecond

// eagerCollector is a GC percentage at which the collector runs so often that
// nearly everything on the heap is live.
const eagerCollector = 10

// watchHeap starts to watch the live heap. It returns a function that stops the
// watch and returns the heap's largest growth.
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

// liveHeap returns the live bytes that the last collection found. Later
// allocations do not count, because they may be garbage.
func liveHeap() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
