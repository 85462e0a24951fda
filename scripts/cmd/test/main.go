// Command test runs the checks of the project.
package main

import (
	"context"
	"os"
	"strings"

	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
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
	commandline.Main("test", description, run)
}

func run(ctx context.Context, args arguments) error {
	if args.List {
		testrun.List(os.Stdout)
		return nil
	}
	if args.Setup {
		return testrun.Setup(ctx, os.Stdin, os.Stdout, args.Yes)
	}
	ci := strings.ToLower(os.Getenv("CI"))
	passed, err := testrun.Run(ctx, testrun.Options{
		Root: os.Getenv("GCE_BACKEND_ROOT"), Steps: args.Steps, Changed: args.Changed, Long: args.Long,
		CI: ci != "" && ci != "false", Output: os.Stdout,
	})
	switch {
	case err != nil:
		return &commandline.Exit{Code: 2, Err: err}
	case !passed:
		return &commandline.Exit{Code: 1}
	}
	return nil
}
