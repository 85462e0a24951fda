// Command config checks a configuration, shows what importing it would do, and
// pushes it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/shared/cloud/store/firestore"
)

type arguments struct {
	Check checkCommand `cmd:"" help:"Tell everything that is wrong with a configuration: 0 valid, 1 not valid, 2 could not be read."`
	Plan  planCommand  `cmd:"" help:"Tell what importing a configuration would create, resize, drain and delete. Changes nothing."`
	Push  pushCommand  `cmd:"" help:"Upload a configuration as a new revision and follow its rollout."`
}

const description = `Checks a configuration, tells what importing it would do, and pushes it.

A configuration is a folder with templates.cfg, managers.cfg and settings.cfg, or
gs://BUCKET/PREFIX, where the file "current" names the folder of the revision.

Examples:
  scripts/config check scripts/example
  scripts/config plan scripts/example --endpoints .build/endpoints.json
  scripts/config plan gs://my-config --project my-project
  scripts/config push conf gs://my-config --project my-project`

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var parsed arguments
	parser := kong.Must(&parsed, kong.Name("scripts/config"), kong.Description(description),
		kong.Vars{"database": firestore.DefaultDatabase})
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "scripts/config:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	return commandline.Code("config", command.Run(), 2)
}
