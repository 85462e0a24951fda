package testrun

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// testLimit is the time limit for the tests of a package.
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
	ImportPath string // of a package that does not build
}

// goTest runs tests in a module and counts them. It fails if there are none.
func (p *progress) goTest(ctx context.Context, module string, variables []string, arguments ...string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	measure := fmt.Sprintf("'%s' %s '%s'", program, Measure, usageFile(p.folder, p.name))
	c := exec.CommandContext(ctx, "go", append([]string{"test", "-json", "-vet=off", "-timeout", testLimit, "-exec", measure}, arguments...)...) // the step vet vets
	c.Dir, c.Stderr = filepath.Join(p.Root, module), p.shown
	c.Env = append(os.Environ(), variables...)
	reader := newTestReader(p)
	c.Stdout = reader
	err = p.await(c)
	if err == nil && reader.ran == 0 {
		err = fmt.Errorf("go test %s: there is no test", strings.Join(arguments, " "))
	}
	return err
}

// testReader reads the output of go test -json.
type testReader struct {
	*progress
	rest   []byte              // an incomplete line
	output map[string][]string // of unfinished tests, and of packages
	ran    int                 // number of tests
	tests  map[string]int      // number of tests, by package
}

func newTestReader(p *progress) *testReader {
	return &testReader{progress: p, output: map[string][]string{}, tests: map[string]int{}}
}

// Write processes output. go test ends each of its lines.
func (t *testReader) Write(text []byte) (int, error) {
	t.rest = append(t.rest, text...)
	for {
		line, rest, whole := bytes.Cut(t.rest, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		t.rest = rest
		var e event
		if json.Unmarshal(line, &e) == nil {
			t.take(e)
		} else {
			t.say("%s\n", line) // printed by go itself
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
		for key, lines := range t.output { // tests that did not end
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

// short returns the package's path within the project.
func short(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, project), "/") }
