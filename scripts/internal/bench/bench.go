// Package bench measures the suite: how long its control plane takes, how many
// operations of Firestore, Compute Engine, the Machine Provider and Pub/Sub it
// uses, and how much CPU and memory it needs. Operations are counted as they are
// billed; times are those of this machine.
package bench

import (
	"context"
	"fmt"
	"slices"
)

// Options are the options of all benchmarks.
type Options struct {
	// Emulators uses the emulators of Firestore and Pub/Sub instead of the store
	// and the bus in memory.
	Emulators bool
	// Rate, if not 0, makes the lease benchmark begin Rate leases a second, of a
	// total of Machines machines.
	Rate, Machines int
	// Root is the checkout, from which programs are built.
	Root string
	// Say reports progress.
	Say func(format string, args ...any)
}

// Benchmark is one of the benchmarks.
type Benchmark struct {
	Name, Summary string
	// Embedded says that emulators would not change the result.
	Embedded bool
	Run      func(context.Context, Options) (Result, error)
}

// All lists the benchmarks in the table's order.
func All() []Benchmark {
	return []Benchmark{
		{Name: "converge", Summary: "configuration change → all cataloged, for 20, 1,000 and 10,000 VMs", Run: Converge},
		{Name: "recycle", Summary: "end of a lease → replacement leasable, a hundred times; a VM's whole life", Run: Recycle},
		{Name: "idle", Summary: "ten simulated minutes of a steady pool of 10,000 VMs in 20 groups", Run: Idle},
		{Name: "scale", Summary: "1,000, 10,000 and 100,000 VMs: longest run, cost per VM, memory", Run: Scale},
		{Name: "lease", Summary: "64 clients lease from 1,000 machines; 1,000 and 2,500 leases a second, by the clock, of 10,000; on the emulators 8, 64 and 256 clients", Run: Lease},
		{Name: "coldstart", Summary: "process start to first event done, memory, what is deployed", Embedded: true, Run: ColdStart},
	}
}

// Find finds a benchmark by its name.
func Find(name string) (Benchmark, error) {
	all := All()
	i := slices.IndexFunc(all, func(b Benchmark) bool { return b.Name == name })
	if i < 0 {
		return Benchmark{}, fmt.Errorf("there is no benchmark %q", name)
	}
	return all[i], nil
}
