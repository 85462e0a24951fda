// Package commandline runs the commands in scripts: it reads the command line,
// ends the command on a signal, prints its error and exits.
package commandline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit is an error that ends the command with an exit code. Err is nil if the
// error was shown already.
type Exit struct {
	Code int
	Err  error
}

func (e *Exit) Error() string { return fmt.Sprint(e.Err) }

// Main runs a command and ends the process: with 1 after an error that is no
// [Exit]. The context ends with an interrupt or SIGTERM.
func Main[A any](name, description string, run func(ctx context.Context, arguments A) error) {
	var arguments A
	kong.Parse(&arguments, kong.Name("scripts/"+name), kong.Description(description), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, arguments)
	stop()
	os.Exit(Code(name, err, 1))
}

// Code prints an error unless it was shown already, and returns the exit code.
// For an error that is no [Exit], that is the given code.
func Code(name string, err error, otherwise int) int {
	if err == nil {
		return 0
	}
	with := &Exit{Code: otherwise, Err: err}
	_ = errors.As(err, &with) // otherwise with stays as it is
	if with.Err != nil {
		fmt.Fprintf(os.Stderr, "scripts/%s: %v\n", name, err)
	}
	return with.Code
}

// Root returns the folder of the checkout, as the scripts name it.
func Root() string {
	if root := os.Getenv("GCE_BACKEND_ROOT"); root != "" {
		return root
	}
	return "."
}
