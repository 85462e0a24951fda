package testrun

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const printedByGo = `{"Action":"start","Package":"github.com/gce-backend/gce-backend/shared/fleet"}
{"Action":"run","Package":"github.com/gce-backend/gce-backend/shared/fleet","Test":"TestA"}
{"Action":"output","Package":"github.com/gce-backend/gce-backend/shared/fleet","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"github.com/gce-backend/gce-backend/shared/fleet","Test":"TestA/sub","Elapsed":0}
{"Action":"pass","Package":"github.com/gce-backend/gce-backend/shared/fleet","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"github.com/gce-backend/gce-backend/shared/fleet","Output":"ok  \tshared/fleet\t(cached)\n"}
{"Action":"pass","Package":"github.com/gce-backend/gce-backend/shared/fleet","Elapsed":0}
go: a line of its own
{"Action":"output","Package":"p","Test":"TestB","Output":"b_test.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestB","Elapsed":1}
{"Action":"output","Package":"p","Test":"TestC","Output":"c_test.go:1: no emulator\n"}
{"Action":"skip","Package":"p","Test":"TestC","Elapsed":1}
{"Action":"output","Package":"p","Test":"TestD","Output":"panic: oh\n"}
{"Action":"fail","Package":"p","Elapsed":1.5}
{"ImportPath":"q","Action":"build-output","Output":"q.go:1: undefined: x\n"}
{"ImportPath":"q","Action":"build-fail"}
{"Action":"pass","Package":"empty","Elapsed":0}
`

func TestCountsTests(t *testing.T) {
	var shown bytes.Buffer
	p := &progress{testRun: &testRun{}, shown: &shown}
	reader := newTestReader(p)
	for _, part := range strings.SplitAfter(printedByGo, "Test") { // in pieces
		if n, err := reader.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	got := p.tests
	if got.passed != 2 || got.failed != 1 || strings.Join(got.skipped, " ") != "p TestC" || strings.Join(got.cached, " ") != "shared/fleet" || p.skipped != 1 || reader.ran != 4 {
		t.Errorf("%+v, %d skipped, %d ran", got, p.skipped, reader.ran)
	}
	for _, want := range []string{"✓  shared/fleet (cached)", "b_test.go:1: wrong", "c_test.go:1: no emulator", "panic: oh", "✗  p (1.5s)", "q.go:1: undefined", "go: a line of its own"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("it does not show %q:\n%s", want, shown.String())
		}
	}
	for _, not := range []string{"noise", "empty"} {
		if strings.Contains(shown.String(), not) {
			t.Errorf("it shows %q:\n%s", not, shown.String())
		}
	}
}

func TestMeasured(t *testing.T) {
	file := filepath.Join(t.TempDir(), "usage")
	if code := Measured(file, []string{"sh", "-c", `[ "$0" = -test.shuffle=on ] && exit 3`}); code != 3 {
		t.Errorf("exit code %d", code)
	}
	if code := Measured(file, []string{"sh", "-c", "kill -9 $$"}); code == 0 {
		t.Error("killed, and the exit code is 0")
	}
	if code := Measured(file, []string{"/nowhere"}); code == 0 {
		t.Error("a program that is not there passes")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	all, err := readUsage(file, filepath.Dir(here))
	if err != nil || len(all) != 2 || all[0].Name != "testrun" || all[0].Took <= 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := readUsage(filepath.Join(t.TempDir(), "none"), here); err != nil || all != nil {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestSummary(t *testing.T) {
	var printed bytes.Buffer
	folder := t.TempDir()
	r := &testRun{Options: Options{Output: &printed, Root: "/root"}, folder: folder, begin: time.Now()}
	r.results = []result{{usage{"tools", time.Second, time.Second}, "", nil}, {usage{"unit", 60 * time.Second, time.Minute}, "3 packages", os.ErrInvalid}}
	r.tests = tally{passed: 7, failed: 2, skipped: []string{"p TestC"}, cached: []string{"q"}}
	for range shownSlowest {
		if err := appendUsage(usageFile(folder, "unit"), usage{"/root/shared/job", 5 * time.Second, 6 * time.Second}); err != nil {
			t.Fatal(err)
		}
	}
	r.unverified("data races")
	r.summary(63 * time.Second)
	lines := strings.Split(strings.TrimSpace(printed.String()), "\n")
	if last := lines[len(lines)-1]; last != "8 passed, 3 failed" {
		t.Errorf("the last line is %q", last)
	}
	for _, want := range []string{"FAILED  3 packages", "  p TestC", "NOT CHECKED: data races", "5.0 CPU s in    6.0 s  shared/job", "10.0 CPU s              building for unit", "1 packages"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, printed.String())
		}
	}
	if n := strings.Count(printed.String(), "CPU s in") + strings.Count(printed.String(), "building for"); n != shownSlowest {
		t.Errorf("%d of the slowest are shown:\n%s", n, printed.String())
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		options Options
		want    int // number of steps
	}{{Options{}, len(steps()) - 1}, {Options{Long: true}, len(steps())}, {Options{Steps: []string{"cross"}}, 2}, {Options{Steps: []string{"tools"}}, 1}} {
		chosen, err := choose(c.options)
		if err != nil || len(chosen) != c.want || chosen[0].name != "tools" {
			t.Errorf("%+v: %d steps, %v", c.options, len(chosen), err)
		}
	}
	if _, err := choose(Options{Steps: []string{"units"}}); err == nil || !strings.Contains(err.Error(), "simulation") {
		t.Errorf("an unknown step: %v", err)
	}
}

func TestOneRunAtATime(t *testing.T) {
	root := t.TempDir()
	begin := func() (func(), error) {
		return (&testRun{Options: Options{Root: root}, bin: filepath.Join(root, ".build", "bin"), folder: filepath.Join(root, ".build", "test")}).makeFolders()
	}
	unlock, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := begin(); err == nil {
		t.Error("a second run began")
	}
	unlock()
	if _, err := begin(); err != nil {
		t.Error(err)
	}
}
