// Command local runs the whole suite on this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/scripts/internal/suite"
)

// arguments are the command line.
type arguments struct {
	Config    string        `placeholder:"DIR" help:"Folder of templates.cfg, managers.cfg and settings.cfg, read again at every import (default: scripts/example)."`
	Project   string        `default:"local-project" placeholder:"ID" help:"Project of the topics and the database (default: ${default})."`
	Port      int           `placeholder:"N" help:"Port of the functions; the other ports follow it, or are free ones (default: 8080 where it is free)."`
	Tick      time.Duration `default:"1s" help:"How often a minute's tick comes (default: ${default})."`
	VMBoot    time.Duration `name:"vm-boot" default:"2s" help:"How long a simulated VM boots (default: ${default})."`
	Operation time.Duration `default:"500ms" help:"How long a simulated operation takes (default: ${default})."`
	Until     string        `enum:"converged," default:"" placeholder:"converged" help:"Exit 0 as soon as every configured VM is cataloged; 1 with the reason at the timeout."`
	Timeout   time.Duration `default:"5m" help:"The time limit of --until (default: ${default})."`
	Endpoints string        `placeholder:"FILE" help:"Write the addresses there as JSON, once all is up (default: .build/endpoints.json)."`
	Emulators bool          `help:"Use the Firestore and Pub/Sub emulators of the Google Cloud SDK in place of the memory."`
	State     string        `placeholder:"FILE" help:"Keep the documents of the store in memory in this file, over restarts."`
	Log       string        `placeholder:"FILE" help:"Log file (default: a new one in .build/logs)."`
	Verbose   bool          `help:"Write the log to standard error instead: text on a terminal, JSON elsewhere."`
}

const description = `Runs the whole suite on this machine: every function, its topics and schedules, a Compute Engine simulator and a Machine Provider. It runs until Ctrl-C.

FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST, COMPUTE_ENDPOINT and MACHINE_PROVIDER_URL name what runs already: it is used, and none is started.`

func main() {
	var args arguments
	kong.Parse(&args, kong.Name("scripts/local"), kong.Description(description), kong.UsageOnError())
	os.Exit(run(args))
}

// run runs the command and returns its exit code.
func run(args arguments) int {
	// This comes first: the framework's output must be diverted before anything
	// else runs, and there is no log before that.
	out, err := open(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "scripts/local:", err)
		return 1
	}
	defer out.close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // the second Ctrl-C ends the process at once
	}()
	err = session{args: args, output: out}.run(ctx)
	var problem *failed
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errInterrupted):
		return 130
	case errors.As(err, &problem):
		out.say("%s", problem.Error())
		return 1
	}
	out.say("scripts/local: %s", err)
	return 1
}

func (a arguments) options(ctx context.Context, out *output) (suite.Options, error) {
	environment, err := suite.ReadEnvironment(ctx)
	if err != nil {
		return suite.Options{}, err
	}
	if a.Tick <= 0 {
		return suite.Options{}, fmt.Errorf("--tick must be longer than 0, not %v", a.Tick)
	}
	return suite.Options{
		Config: a.folder(), Project: a.Project, Port: a.Port, Tick: a.Tick, VMBoot: a.VMBoot, Operation: a.Operation,
		Emulators: a.Emulators, State: a.State, Log: out.log, Environment: environment,
	}, nil
}

// folder returns the configuration's folder; by default the checkout's.
func (a arguments) folder() string {
	if a.Config != "" {
		return a.Config
	}
	return filepath.Join(commandline.Root(), "scripts", "example")
}
