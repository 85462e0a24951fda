package testrun

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// shownSlowest is how many of the slowest packages and steps the summary shows.
const shownSlowest = 10

// summary prints the outcomes of the steps. cpu is the CPU time of the whole
// run. Continuous integration reads the last line.
func (r *testRun) summary(cpu time.Duration) {
	r.print("\nSteps:\n")
	for _, result := range r.results {
		word := r.colour("32", "ok")
		if result.err != nil {
			word = r.colour("31", "FAILED")
		}
		if result.did != "" {
			word += "  " + result.did
		}
		r.print("  %-16s %6.0f s %7.0f CPU s  %s\n", result.Name, result.Took.Seconds(), result.CPU.Seconds(), word)
	}
	r.printSlowest(cpu)
	if len(r.tests.skipped) > 0 {
		r.print("Skipped tests:\n")
		slices.Sort(r.tests.skipped)
		for _, name := range r.tests.skipped {
			r.print("  %s\n", name)
		}
	}
	for _, text := range r.unchecked {
		r.print("%s\n", r.colour("33", text))
	}
	took := time.Since(r.begin).Round(time.Second)
	r.print("Took %d min %d s, %.0f CPU s.\n", int(took.Minutes()), int(took.Seconds())%60, cpu.Seconds())
	failed := r.failures()
	r.print("%d passed, %d failed\n", r.tests.passed+len(r.results)-failed, r.tests.failed+failed)
}

// failures counts the steps that failed.
func (r *testRun) failures() (n int) {
	for _, result := range r.results {
		if result.err != nil {
			n++
		}
	}
	return n
}

// printSlowest prints which steps and which packages' tests took the most CPU
// time. For a step that runs tests it prints the rest of the step's time, which
// went into building them.
func (r *testRun) printSlowest(cpu time.Duration) {
	var all []usage
	shared := cpu
	for _, result := range r.results {
		packages, err := readUsage(usageFile(r.folder, result.Name), r.Root)
		if err != nil {
			r.print("the times of the packages cannot be read: %v\n", err)
		}
		rest := result.usage
		shared -= rest.CPU
		for _, p := range packages {
			rest.CPU -= p.CPU
		}
		if len(packages) > 0 {
			rest.Name, rest.Took = "building for "+rest.Name, 0
		}
		all = append(append(all, packages...), rest)
	}
	all = append(all, usage{Name: "emulators, and the run itself", CPU: max(shared, 0)})
	r.print("Slowest:\n")
	for _, u := range slowest(all, shownSlowest) {
		in := ""
		if u.Took > 0 {
			in = fmt.Sprintf(" in %6.1f s", u.Took.Seconds())
		}
		r.print("  %7.1f CPU s%-12s  %s\n", u.CPU.Seconds(), in, u.Name)
	}
	if n := len(r.tests.cached); n > 0 {
		r.print("  the results of %d packages were cached: nothing changed since their tests passed\n", n)
	}
}

// usageFile returns the file in which a step's tests record the time they took.
func usageFile(folder, step string) string { return filepath.Join(folder, "usage."+step) }

func (r *testRun) colour(code, text string) string {
	file, ok := r.Output.(*os.File)
	if !ok {
		return text
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
