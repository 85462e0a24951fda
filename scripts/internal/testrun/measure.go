package testrun

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Measure is the first argument that makes scripts/test what go test -exec
// runs: scripts/test measure FILE PROGRAM ARGUMENT...
const Measure = "measure"

// Measured runs a test binary and adds to the file what CPU time it took, with
// all that it started. The binary shuffles its tests: go test itself would not
// cache the results of shuffled tests, and knows nothing of this.
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
	folder, err := os.Getwd() // the package's
	if err == nil {
		err = appendLine(file, fmt.Sprintf("%s\t%v\t%v\n", folder, cpuTime(c), time.Since(begin)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
	}
	return c.ProcessState.ExitCode() // of what a signal ended: -1
}

func cpuTime(c *exec.Cmd) time.Duration {
	if c.ProcessState == nil {
		return 0
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
}

// childrenTime is what all programs that this one ran and that ended took.
func childrenTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(line) // one write, which others do not interrupt
	return errors.Join(err, file.Close())
}

// usage is what something took.
type usage struct {
	name      string
	cpu, took time.Duration
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
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\t")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%s: %q", path, lines.Text())
		}
		cpu, err := time.ParseDuration(parts[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		took, err := time.ParseDuration(parts[2])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		name, err := filepath.Rel(root, parts[0])
		if err != nil {
			name = parts[0]
		}
		all = append(all, usage{name, cpu, took})
	}
	return all, lines.Err()
}

// slowest returns the n that took most CPU time.
func slowest(all []usage, n int) []usage {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b usage) int { return cmp.Compare(b.cpu, a.cpu) })
	return sorted[:min(n, len(sorted))]
}
