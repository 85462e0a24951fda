// Command simulate runs the suite in seeded worlds full of faults, and checks
// its invariants.
package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/scripts/internal/simulate"
)

const description = `Runs the jobs, a Machine Provider, a Compute Engine simulator and their users in one process, in worlds that a seed decides: which faults there are, the order of deliveries, and how concurrent runs interleave at every outside call. Each world goes wrong for a while; then faults stop, and it must come to equal its configuration and stay quiet. It exits 1 when an invariant is broken, with the seed and what happened.`

// arguments are the command line.
type arguments struct {
	Seeds   int     `default:"1000" placeholder:"N" help:"How many worlds (default: ${default})."`
	First   uint64  `default:"1" placeholder:"S" help:"The first seed; the others follow (default: ${default})."`
	Seed    *uint64 `placeholder:"S" help:"Only this world, with its whole trace in .build/simulate."`
	VMs     int     `name:"vms" default:"12" placeholder:"N" help:"About how many VMs each world has (default: ${default})."`
	Steps   int     `default:"40" placeholder:"N" help:"For how many simulated minutes things go wrong (default: ${default})."`
	Workers int     `placeholder:"N" help:"Worlds at a time (default: one per processor)."`
	JSON    bool    `name:"json" help:"Write the summary as JSON."`
}

func main() { commandline.Main("simulate", description, run) }

func run(ctx context.Context, args arguments) error {
	summary, err := simulate.Run(ctx, simulate.Options{
		Seeds: args.Seeds, First: args.First, Seed: args.Seed, VMs: args.VMs, Steps: args.Steps, Workers: args.Workers,
		Traces: filepath.Join(commandline.Root(), ".build", "simulate"), Progress: os.Stderr,
	})
	write := summary.Text
	if args.JSON {
		write = summary.JSON
	}
	if err == nil {
		err = write(os.Stdout)
	}
	if err == nil && len(summary.Failures) > 0 {
		err = &commandline.Exit{Code: 1}
	}
	return err
}
