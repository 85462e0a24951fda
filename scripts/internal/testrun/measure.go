package testrun

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Measure is the first argument with which scripts/test acts as the program of
// go test -exec: scripts/test measure FILE PROGRAM ARGUMENT...
const Measure = "measure"

// Measured runs a test binary and appends to the file the CPU time of the binary
// and of its child processes. It shuffles the binary's tests itself, because go
// test does not cache the results of tests that it shuffles.
func Measured(file string, command []string) (code int) {
	c := exec.Command(command[0], append(command[1:], "-test.shuffle=on")...) //nolint:noctx // go test ends it
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGQUIT, syscall.SIGINT, syscall.SIGTERM) // go test sends SIGQUIT at its limit
	begin := time.Now()
	if err := c.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		for s := range signals {
			_ = c.Process.Signal(s)
		}
	}()
	if err := c.Wait(); err != nil && c.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	folder, err := os.Getwd() // the package's folder
	if err == nil {
		err = appendUsage(file, usage{folder, cpuTime(c), time.Since(begin)})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
	}
	return c.ProcessState.ExitCode() // -1 after a signal
}

func cpuTime(c *exec.Cmd) time.Duration {
	if c.ProcessState == nil {
		return 0
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
}

// childrenTime returns the CPU time of all child processes that have ended.
func childrenTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// usage is the time that something took.
type usage struct {
	Name      string
	CPU, Took time.Duration
}

// appendUsage adds a line to a file.
func appendUsage(path string, u usage) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = json.NewEncoder(file).Encode(u) // a single write, which other processes do not interrupt
	return errors.Join(err, file.Close())
}

// readUsage reads what Measured wrote, by package, relative to the root.
func readUsage(path, root string) ([]usage, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // all results were cached
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var all []usage
	for lines := json.NewDecoder(file); lines.More(); {
		var u usage
		if err := lines.Decode(&u); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if name, err := filepath.Rel(root, u.Name); err == nil {
			u.Name = name
		}
		all = append(all, u)
	}
	return all, nil
}

// slowest returns the n usages with the most CPU time.
func slowest(all []usage, n int) []usage {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b usage) int { return cmp.Compare(b.CPU, a.CPU) })
	return sorted[:min(n, len(sorted))]
}
