package testrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// killedTest kills the suite repeatedly. The suite then waits until the claims
// of the killed runs expire, so the test has its own step, in parallel with the
// others.
const killedTest = "^TestKilled$"

// docsTest runs the commands in README and docs.
const docsTest = "^TestDocs$"

func stepKilled(ctx context.Context, p *progress) error {
	lasts := "30s"
	if p.Long {
		lasts = "3m"
	}
	p.did = "for " + lasts
	return p.goTest(ctx, "scripts", []string{"KILL_FOR=" + lasts}, append(p.detector(true), "-count=1", "-run", killedTest, "./e2e")...)
}

// detector returns the flag for the race detector, if it is wanted and
// available.
func (r *testRun) detector(wanted bool) []string {
	if wanted && r.race {
		return []string{"-race"}
	}
	return nil
}

// batch is a set of packages whose tests run with the same flags.
type batch struct {
	module       string
	race, cached bool
}

// batches decides how each package's tests run: see goPackage for the rules.
func (r *testRun) batches() map[batch][]string {
	all := map[batch][]string{}
	for _, g := range r.packages {
		if !g.tests || g.folder == "terraform" || !r.changes.runs(g) { // terraform has its own step
			continue
		}
		at := batch{g.module, r.race && (g.concurrent || r.Long), g.cached() && !r.Long}
		all[at] = append(all[at], g.path)
		if g.both && at.race {
			at.race = false
			all[at] = append(all[at], g.path)
		}
	}
	return all
}

// stepUnit runs the tests in two lanes, side by side: cached ones, which mostly
// compute, and the others, which mostly wait for the programs that they run.
func stepUnit(ctx context.Context, p *progress) error {
	all, with, without := p.batches(), 0, 0
	for b, packages := range all {
		if b.race {
			with += len(packages)
		} else {
			without += len(packages)
		}
	}
	p.did = fmt.Sprintf("%d packages with the race detector, %d without", with, without)
	var problems [3]error
	var lanes sync.WaitGroup
	for i, cached := range []bool{true, false} {
		lanes.Go(func() {
			for _, module := range modules {
				for _, race := range []bool{true, false} {
					if packages := all[batch{module, race, cached}]; len(packages) > 0 {
						problems[i] = errors.Join(problems[i], p.unit(ctx, batch{module, race, cached}, packages))
					}
				}
			}
		})
	}
	lanes.Wait()
	if p.changes.documentation() && !p.changes.touched["scripts/e2e"] {
		problems[2] = p.goTest(ctx, "scripts", nil, "-count=1", "-run", docsTest, "./e2e")
	}
	return errors.Join(problems[:]...)
}

func (p *progress) unit(ctx context.Context, b batch, packages []string) error {
	arguments, variables := append(p.detector(b.race), "-skip", killedTest), []string(nil)
	if p.changes != nil {
		arguments = append(arguments, "-short")
	}
	if !b.cached {
		arguments = append(arguments, "-count=1")
	}
	// Not in scripts: its tests start the suite, which would use these emulators.
	if !b.cached && b.module == "." {
		hosts, err := p.emulators.borrow(ctx)
		if err != nil {
			return err
		}
		variables = hosts
	}
	return p.goTest(ctx, b.module, variables, append(arguments, packages...)...)
}

// fuzzTime returns how long each target is fuzzed, as a number of runs or a
// duration.
func (r *testRun) fuzzTime() string {
	if r.Long {
		return (30 * time.Second).String()
	}
	return "300x"
}

// stepFuzz fuzzes each target briefly. It writes a finding into the target's
// testdata, where it is to be committed.
func stepFuzz(ctx context.Context, p *progress) error {
	var problems []error
	targets := 0
	for _, g := range p.packages {
		if len(g.fuzz) == 0 {
			continue
		}
		// Built once per package and without debug information, which is faster: go
		// test -fuzz would link once per target.
		program := filepath.Join(p.folder, "fuzz.test")
		if err := p.command(ctx, g.folder, "go", "test", "-c", "-vet=off", "-fuzz=.", "-ldflags=-s -w", "-o", program, "."); err != nil {
			problems = append(problems, err)
			continue
		}
		for _, target := range g.fuzz {
			targets++
			_, _ = fmt.Fprintf(p.log, "%s %s\n", g.folder, target)
			if err := p.command(ctx, g.folder, program, "-test.run=^$", "-test.fuzz=^"+target+"$", "-test.fuzztime="+p.fuzzTime(),
				"-test.fuzzcachedir="+filepath.Join(p.folder, "fuzz", g.folder)); err != nil {
				problems = append(problems, fmt.Errorf("%s %s: %w", g.folder, target, err))
			}
		}
		_ = os.Remove(program)
	}
	p.did = fmt.Sprintf("%d targets, each for %s", targets, p.fuzzTime())
	if targets == 0 {
		problems = append(problems, errors.New("there is no fuzz target"))
	}
	return errors.Join(problems...)
}
