package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/term"

	"github.com/gce-backend/gce-backend/scripts/internal/commandline"
	"github.com/gce-backend/gce-backend/scripts/internal/framework"
	"github.com/gce-backend/gce-backend/scripts/internal/screen"
	"github.com/gce-backend/gce-backend/shared/cloud/logging"
)

// output holds the destinations of the command's output.
type output struct {
	screen screen.Screen
	log    *slog.Logger
	file   *os.File // the log file; nil with --verbose
}

// open diverts what the framework prints and opens the log.
func open(args arguments) (*output, error) {
	lines := make(chan string, 1000)
	stdout, stderr, err := framework.Divert(func(line string) {
		select {
		case lines <- line:
		default: // the framework must never wait for its output
		}
	})
	if err != nil {
		return nil, err
	}
	o := &output{screen: screen.New(stdout, !args.Verbose)}
	if err := o.openLog(args, stderr); err != nil {
		os.Stdout, os.Stderr = stdout, stderr
		return nil, err
	}
	slog.SetDefault(o.log)
	go func() {
		for line := range lines {
			o.log.Debug("the Functions Framework printed: " + line)
		}
	}()
	return o, nil
}

func (o *output) openLog(args arguments, stderr *os.File) error {
	if args.Verbose && args.Log == "" {
		if term.IsTerminal(int(stderr.Fd())) {
			o.log = logging.Text(stderr, slog.LevelInfo)
		} else {
			o.log = logging.JSON(stderr)
		}
		return nil
	}
	var err error
	if o.file, err = logFile(args.Log); err != nil {
		return err
	}
	to := io.Writer(o.file)
	if args.Verbose {
		to = io.MultiWriter(o.file, stderr)
	}
	o.log = logging.JSON(to)
	return nil
}

// keptLogs is how many log files of earlier runs are kept.
const keptLogs = 20

func logFile(path string) (*os.File, error) {
	if path != "" {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the caller names the file
		if err != nil {
			return nil, fmt.Errorf("open the log: %w", err)
		}
		return file, nil
	}
	folder := filepath.Join(commandline.Root(), ".build", "logs")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		folder = os.TempDir() // the checkout is read-only
	} else {
		prune(folder)
	}
	name := fmt.Sprintf("local-%s-%d.log", time.Now().Format("20060102-150405"), os.Getpid())
	file, err := os.Create(filepath.Join(folder, name)) //nolint:gosec // a name of our own
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return file, nil
}

// prune removes the oldest logs, whose names sort by time.
func prune(folder string) {
	old, err := filepath.Glob(filepath.Join(folder, "local-*.log"))
	if err != nil || len(old) < keptLogs {
		return
	}
	slices.Sort(old)
	for _, path := range old[:len(old)-keptLogs+1] {
		_ = os.Remove(path) // another run was faster
	}
}

func (o *output) say(format string, args ...any) { o.screen.Say(format, args...) }

// logName returns the log's path; "" when it goes to standard error.
func (o *output) logName() string {
	if o.file == nil {
		return ""
	}
	return o.file.Name()
}

func (o *output) close() {
	o.screen.Close()
	if o.file == nil {
		return
	}
	if err := errors.Join(o.file.Sync(), o.file.Close()); err != nil {
		o.say("close the log: %v", err)
	}
}
