// Command bench measures the suite.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/bench"
	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/scripts/internal/framework"
)

// arguments are the command line.
type arguments struct {
	Name      string `arg:"" optional:"" default:"all" help:"converge, recycle, idle, scale, lease, coldstart or all (default: all)."`
	JSON      bool   `help:"Print what was found as JSON."`
	Emulators bool   `help:"Use the Firestore and Pub/Sub emulators of the Google Cloud SDK in place of the memory."`
	Rate      int    `placeholder:"N" help:"With lease: only so many leases a second, by the clock, for a minute."`
	Machines  int    `default:"10000" help:"With --rate: of so many machines."`
	CPU       string `name:"cpu-profile" placeholder:"FILE" help:"Write a CPU profile there; go tool pprof reads it."`
	Memory    string `name:"memory-profile" placeholder:"FILE" help:"Write a profile of all allocations there."`
}

const description = `Measures the suite and prints each figure beside its target: converge, recycle, idle, scale, lease, coldstart, or all of them, each in a process of its own. Counts are by Firestore's and Compute Engine's rules; times are this machine's.`

func main() { commandline.Main("bench", description, run) }

func run(ctx context.Context, args arguments) error {
	if args.Name == "all" {
		return all(ctx, args)
	}
	benchmark, err := bench.Find(args.Name)
	if err != nil {
		return err
	}
	stdout, stderr, err := framework.Divert(func(string) {}) // the framework's chatter
	if err != nil {
		return err
	}
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	ended, err := profile(args)
	if err != nil {
		return err
	}
	result, err := benchmark.Run(ctx, bench.Options{Emulators: args.Emulators, Rate: args.Rate, Machines: args.Machines, Root: commandline.Root(), Say: sayTo(stderr)})
	if err = ended(err); err != nil {
		return err
	}
	if args.JSON {
		return asJSON(stdout, result)
	}
	bench.Details(stdout, result)
	bench.Table(stdout, result)
	return nil
}

// sayTo prints progress with the time that has passed.
func sayTo(w io.Writer) func(string, ...any) {
	begin := time.Now()
	return func(format string, args ...any) {
		fmt.Fprintf(w, "%5.1fs  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	}
}

func asJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// profile starts the requested profiles; the function that it returns ends them.
func profile(args arguments) (ended func(error) error, err error) {
	var cpu *os.File
	if args.CPU != "" {
		if cpu, err = os.Create(args.CPU); err != nil {
			return nil, err
		}
		if err := pprof.StartCPUProfile(cpu); err != nil {
			return nil, err
		}
	}
	return func(err error) error {
		if cpu != nil {
			pprof.StopCPUProfile()
			if closed := cpu.Close(); err == nil {
				err = closed
			}
		}
		if args.Memory == "" || err != nil {
			return err
		}
		file, err := os.Create(args.Memory)
		if err != nil {
			return err
		}
		if err := pprof.Lookup("allocs").WriteTo(file, 0); err != nil {
			return err
		}
		return file.Close()
	}, nil
}
