// Package bench measures the suite: how long its control plane takes, what it
// asks of Firestore, Compute Engine, the Machine Provider and Pub/Sub, and how
// much of the machine it needs. Counts are by the rules of the bills; times
// are this machine's.
package bench

import (
	"context"
	"fmt"
	"slices"
)

// Options are what all benchmarks are given.
type Options struct {
	// Emulators asks for those of Firestore and Pub/Sub in place of the store
	// and the bus in memory.
	Emulators bool
	// Rate, where not 0, has the lease benchmark make only so many leases a second
	// of so many Machines, by the clock.
	Rate, Machines int
	// Root is the checkout, for what is built from it.
	Root string
	// Say reports progress.
	Say func(format string, args ...any)
}

// Benchmark is one of the benchmarks.
type Benchmark struct {
	Name, Summary string
	// Embedded says that there is nothing in it that emulators would change.
	Embedded bool
	Run      func(context.Context, Options) (Result, error)
}

// All lists the benchmarks in the order of the table.
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
