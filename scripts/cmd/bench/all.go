package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/gce-backend/gce-backend/scripts/internal/bench"
)

// all runs each benchmark in its own process, so that none inherits the memory
// of another, and prints the table.
func all(ctx context.Context, args arguments) error {
	if args.CPU != "" || args.Memory != "" {
		return errors.New("a profile is of one benchmark: name it")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var results []bench.Result
	for _, benchmark := range bench.All() {
		result, err := child(ctx, self, benchmark.Name, args.Emulators && !benchmark.Embedded)
		if err != nil {
			return fmt.Errorf("%s: %w", benchmark.Name, err)
		}
		results = append(results, result)
	}
	if args.JSON {
		return asJSON(os.Stdout, results)
	}
	m := results[0].Machine
	fmt.Printf("%s on %d cores, %s, %s\n\n", results[0].Backing, m.Cores, m.OS, m.Go)
	bench.Table(os.Stdout, results...)
	return nil
}

func child(ctx context.Context, program, name string, emulators bool) (bench.Result, error) {
	arguments := []string{name, "--json"}
	if emulators {
		arguments = append(arguments, "--emulators")
	}
	command := exec.CommandContext(ctx, program, arguments...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Stderr = os.Stderr
	var result bench.Result
	output, err := command.Output()
	if err != nil {
		return result, err
	}
	return result, json.Unmarshal(output, &result)
}
