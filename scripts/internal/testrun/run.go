// Package testrun runs all checks of the project, and reports what could not be
// checked and which checks took how long.
package testrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options select what is run.
type Options struct {
	Root    string
	Steps   []string // names of steps; none: all
	Changed string   // only what changes since this revision can break; "": everything
	Long    bool     // without time limits
	CI      bool     // whatever cannot be checked is a failure
	Output  io.Writer
}

// testRun is a run of the steps.
type testRun struct {
	Options
	bin, folder string // the folders of the programs, and of the run's files
	packages    []goPackage
	changes     *changes // nil: everything counts as changed
	race        bool     // the race detector is available
	missing     []tool
	emulators   lender
	begin       time.Time

	mu        sync.Mutex
	results   []result
	unchecked []string
	tests     tally
}

// result is the outcome of a step.
type result struct {
	usage
	did string // what it ran, in a few words
	err error
}

// Run runs the steps, prints their outcomes, and reports whether all passed.
func Run(ctx context.Context, options Options) (passed bool, err error) {
	r := &testRun{Options: options, bin: filepath.Join(options.Root, ".build", "bin"), folder: filepath.Join(options.Root, ".build", "test"), begin: time.Now()}
	chosen, err := choose(options)
	if err != nil {
		return false, err
	}
	unlock, err := r.makeFolders()
	if err != nil {
		return false, err
	}
	defer unlock()
	if r.packages, err = readPackages(ctx, options.Root); err != nil {
		return false, err
	}
	r.race, r.missing = hasRaceDetector(ctx), missing(ctx)
	if options.Changed != "" {
		if r.changes, err = readChanges(ctx, r.Root, options.Changed, r.packages); err != nil {
			return false, err
		}
		r.changes.print(r.Output)
	}
	r.all(ctx, chosen)
	r.emulators.stop() // so that their CPU time counts
	r.summary(childrenTime())
	return r.failures() == 0, ctx.Err()
}

// makeFolders makes the folders of the run and locks them, because only one run
// may use them at a time.
func (r *testRun) makeFolders() (unlock func(), err error) {
	if err := os.MkdirAll(r.bin, 0o750); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(r.Root, ".build", "test.lock"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { // the lock ends with the process
		_ = lock.Close()
		return nil, fmt.Errorf("another scripts/test runs in this checkout: %w", err)
	}
	if err := errors.Join(os.RemoveAll(r.folder), os.MkdirAll(r.folder, 0o750)); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return func() { _ = lock.Close() }, nil
}

// choose returns the steps to run. The step tools comes first.
func choose(options Options) ([]step, error) {
	var chosen []step
	for _, s := range steps() {
		if s.name == "tools" || slices.Contains(options.Steps, s.name) || len(options.Steps) == 0 && (options.Long || !s.long) {
			chosen = append(chosen, s)
		}
	}
	for _, name := range options.Steps {
		if !slices.ContainsFunc(chosen, func(s step) bool { return s.name == name }) {
			return nil, fmt.Errorf("there is no step %s; the steps are: %s", name, strings.Join(names(), " "))
		}
	}
	return chosen, nil
}

// all runs the steps one after another, and in parallel with them those that
// mostly wait.
func (r *testRun) all(ctx context.Context, chosen []step) {
	var beside sync.WaitGroup
	defer beside.Wait()
	for _, s := range chosen {
		switch {
		case ctx.Err() != nil:
			return
		case r.changes != nil && !s.needed(r.changes):
			continue
		case s.beside && len(chosen) > 2: // otherwise there is nothing to run beside
			s.about += " (beside the following)"
			beside.Go(func() { _ = r.step(ctx, s) }) // the error is in the results
			continue
		}
		if err := r.step(ctx, s); err != nil && s.name == "tools" {
			return
		}
	}
}

// step runs a step.
func (r *testRun) step(ctx context.Context, s step) error {
	r.print("%-16s %s\n", s.name, s.about)
	p := &progress{testRun: r, name: s.name}
	file, err := os.Create(filepath.Join(r.folder, s.name+".log"))
	if err == nil {
		p.log, p.shown = file, file
		if s.loud {
			p.shown = io.MultiWriter(file, r)
		}
		begin := time.Now()
		if s.emulated && r.lacks("emulators", "java") {
			p.did = "NOT RUN, see below" // stepTools noted it
		} else {
			err = s.run(ctx, p)
		}
		_ = file.Close()
		p.used.Took = time.Since(begin)
	}
	p.used.Name = s.name
	r.mu.Lock()
	r.results = append(r.results, result{p.used, p.did, err})
	r.mu.Unlock()
	if err != nil {
		if text, readErr := os.ReadFile(file.Name()); readErr == nil && !s.loud {
			r.print("%s", text)
		}
		r.print("%s: %v\n", s.name, err)
	}
	return err
}

// progress is a running step.
type progress struct {
	*testRun
	name  string
	log   io.Writer // the step's log file
	shown io.Writer // the log file, and also the terminal for a loud step
	mu    sync.Mutex
	used  usage
	did   string // what it ran, where that differs between runs
	// skipped counts the step's skipped tests.
	skipped int
}

// command runs a program in a folder below the root, and writes its output to
// the step's log.
func (p *progress) command(ctx context.Context, folder string, arguments ...string) error {
	return p.commandWith(ctx, folder, nil, arguments...)
}

func (p *progress) commandWith(ctx context.Context, folder string, variables []string, arguments ...string) error {
	c := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	c.Dir, c.Stdout, c.Stderr = filepath.Join(p.Root, folder), p.shown, p.shown
	c.Env = append(os.Environ(), variables...)
	return p.await(c)
}

// await runs a command to its end, or interrupts it, and records its CPU time.
func (p *progress) await(c *exec.Cmd) error {
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = interruptLimit
	err := c.Run()
	p.mu.Lock()
	p.used.CPU += cpuTime(c)
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(c.Args[:min(len(c.Args), 3)], " "), err)
	}
	return nil
}

// interruptLimit is how long an interrupted program may take to end.
const interruptLimit = 10 * time.Second

// both runs a command in both modules, in the second one also when it failed
// in the first.
func (p *progress) both(ctx context.Context, variables []string, arguments ...string) error {
	var problems []error
	for _, module := range modules {
		problems = append(problems, p.commandWith(ctx, module, variables, arguments...))
	}
	return errors.Join(problems...)
}

// uncheckable records what cannot be checked here. In CI that is a failure;
// elsewhere the summary lists it.
func (r *testRun) uncheckable(format string, args ...any) error {
	r.unverified(format, args...)
	if r.CI {
		return fmt.Errorf(format, args...)
	}
	return nil
}

// unverified records what was not checked.
func (r *testRun) unverified(format string, args ...any) {
	text := fmt.Sprintf("NOT CHECKED: "+format, args...)
	r.mu.Lock()
	r.unchecked = append(r.unchecked, text)
	r.mu.Unlock()
	r.print("%s\n", text)
}

func (r *testRun) print(format string, args ...any) { _, _ = fmt.Fprintf(r, format, args...) }

// Write prints output of several concurrent steps.
func (r *testRun) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Output.Write(text)
}
