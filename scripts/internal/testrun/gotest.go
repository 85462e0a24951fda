package testrun

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// testLimit is how long the tests of a package may take.
const testLimit = "10m"

// tally counts tests, subtests included.
type tally struct {
	passed, failed int
	skipped        []string // tests
	cached         []string // packages
}

// event is a line of go test -json.
type event struct {
	Action     string
	Package    string
	Test       string
	Elapsed    float64
	Output     string
	ImportPath string // of what does not build
}

// goTest runs tests in a module and counts them. It fails where there are none.
func (p *progress) goTest(ctx context.Context, module string, variables []string, arguments ...string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	measure := fmt.Sprintf("'%s' %s '%s'", program, Measure, usageFile(p.folder, p.name))
	c := exec.CommandContext(ctx, "go", append([]string{"test", "-json", "-vet=off", "-timeout", testLimit, "-exec", measure}, arguments...)...) // the step vet vets
	c.Dir, c.Stderr = filepath.Join(p.Root, module), p.shown
	c.Env = append(os.Environ(), variables...)
	printed, into := io.Pipe()
	c.Stdout = into
	reader := &testReader{progress: p, output: map[string][]string{}}
	done := make(chan error, 1)
	go func() { done <- reader.read(printed) }()
	err = p.await(c)
	_ = into.Close()
	if readErr := <-done; readErr != nil {
		err = errors.Join(err, readErr)
	}
	if err == nil && reader.ran == 0 {
		err = fmt.Errorf("go test %s: there is no test", strings.Join(arguments, " "))
	}
	return err
}

// testReader reads what go test prints.
type testReader struct {
	*progress
	output map[string][]string // of tests that are not over, and of packages
	ran    int                 // tests
	tests  map[string]int      // of packages
}

func (t *testReader) read(from io.Reader) error {
	defer func() { _, _ = io.Copy(io.Discard, from) }() // so that go test does not wait
	t.tests = map[string]int{}
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				_, _ = t.shown.Write(line) // of go itself
			} else {
				t.take(e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what go test prints: %w", err)
		}
	}
}

func (t *testReader) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		t.output[key] = append(t.output[key], e.Output)
		return
	case "build-output":
		_, _ = io.WriteString(t.shown, e.Output)
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	printed := t.output[key]
	delete(t.output, key)
	if e.Test == "" {
		t.packageEnded(e, printed)
		return
	}
	t.ran++
	t.tests[e.Package]++
	t.count(func(all *tally) {
		switch e.Action {
		case "pass":
			all.passed++
		case "fail":
			all.failed++
		case "skip":
			all.skipped = append(all.skipped, short(e.Package)+" "+e.Test)
			t.skipped++
		}
	})
	if e.Action != "pass" {
		t.say("%s", strings.Join(printed, ""))
	}
}

func (t *testReader) packageEnded(e event, printed []string) {
	name := short(e.Package)
	text := strings.Join(printed, "")
	switch {
	case e.Action == "fail":
		for key, lines := range t.output { // of tests that did not end
			if strings.HasPrefix(key, e.Package+" ") {
				text += strings.Join(lines, "")
				delete(t.output, key)
			}
		}
		t.say("%s✗  %s (%.1fs)\n", text, name, e.Elapsed)
	case strings.Contains(text, "(cached)"):
		t.count(func(all *tally) { all.cached = append(all.cached, name) })
		t.say("✓  %s (cached)\n", name)
	case t.tests[e.Package] > 0:
		t.say("✓  %s (%.1fs)\n", name, e.Elapsed)
	}
}

func (t *testReader) say(format string, args ...any) { _, _ = fmt.Fprintf(t.shown, format, args...) }

// count changes the run's tally.
func (t *testReader) count(change func(*tally)) {
	t.testRun.mu.Lock()
	defer t.testRun.mu.Unlock()
	change(&t.testRun.tests)
}

// short is the package's path in the project.
func short(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, project), "/") }
