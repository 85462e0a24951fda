// Command test runs the checks of the project.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/gce-backend/gce-backend/scripts/internal/testrun"
)

const description = `Runs everything that checks the project, or only the steps named, and ends with a summary. Go and git are enough to begin with: whatever else a check needs and this machine lacks is listed before the run begins, and what was therefore not checked at its end.

With CI=true nothing may be left unchecked: a missing tool is a failure there.`

// arguments are the command line.
type arguments struct {
	Steps   []string `arg:"" optional:"" name:"step" help:"Only these steps; see --list."`
	List    bool     `help:"List the steps."`
	Changed string   `placeholder:"BASE" help:"Only what the changes since BASE (--changed alone: HEAD) can break, without the long proofs."`
	Long    bool     `help:"Run the long proofs without a budget of time, and all tests anew, with the race detector."`
	Setup   bool     `help:"Install what is missing, from package managers, after asking once."`
	Yes     bool     `help:"With --setup: do not ask."`
}

func main() {
	if len(os.Args) > 3 && os.Args[1] == testrun.Measure {
		os.Exit(testrun.Measured(os.Args[2], os.Args[3:]))
	}
	for i, argument := range os.Args {
		if argument == "--changed" { // kong has no optional values
			os.Args[i] = "--changed=HEAD"
		}
	}
	var args arguments
	kong.Parse(&args, kong.Name("scripts/test"), kong.Description(description), kong.UsageOnError())
	code, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "scripts/test:", err)
	}
	os.Exit(code)
}

func run(args arguments) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if args.List {
		testrun.List(os.Stdout)
		return 0, nil
	}
	if args.Setup {
		if err := testrun.Setup(ctx, os.Stdin, os.Stdout, args.Yes); err != nil {
			return 1, err
		}
		return 0, nil
	}
	ci := strings.ToLower(os.Getenv("CI"))
	passed, err := testrun.Run(ctx, testrun.Options{
		Root: os.Getenv("GCE_BACKEND_ROOT"), Steps: args.Steps, Changed: args.Changed, Long: args.Long,
		CI: ci != "" && ci != "false", Output: os.Stdout,
	})
	switch {
	case err != nil:
		return 2, err
	case !passed:
		return 1, nil
	}
	return 0, nil
}
