package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gce-backend/gce-backend/scripts/internal/promises"
	"github.com/gce-backend/gce-backend/scripts/internal/suite"
	"github.com/gce-backend/gce-backend/shared/lab/invariants"
)

// differences tells what is not as configured.
func (k *killing) differences() error {
	v, err := k.checker.Look(k.t.Context())
	if err != nil {
		return err
	}
	if wrong := promises.Differences(v, k.config.current()); len(wrong) > 0 {
		return errors.New(strings.Join(wrong[:min(len(wrong), 10)], "\n"))
	}
	return nil
}

// takeForeign notes what is not ours, once it is up.
func (k *killing) takeForeign() {
	k.running.eventually("what is not ours is up", func() error {
		v, err := k.checker.Look(k.t.Context())
		if text, up := promises.Foreign(v); up {
			k.foreign = text
		} else if err == nil {
			err = errors.New(text)
		}
		return err
	})
}

// rest waits until the lessees are content and all is as configured.
func (k *killing) rest() {
	if len(k.checker.Broken()) > 0 {
		return
	}
	begin := time.Now()
	k.running.eventually("it is up", k.running.up)
	k.provider.moved(k.running.endpoints)
	content := make(chan struct{})
	go func() { k.others.Wait(); close(content) }()
	var last string
	for {
		err := k.differences()
		select {
		case <-content:
		default:
			err = errors.Join(err, errors.New("not all lessees are content"))
		}
		if err == nil || len(k.checker.Broken()) > 0 {
			break
		}
		if text := err.Error(); text != last {
			last = text
			k.checker.Note("not at rest: %s", strings.ReplaceAll(text, "\n", "; "))
		}
		if time.Since(begin) > restBound {
			k.checker.Break(invariants.Converges, "after %v: %v", restBound, err)
			break
		}
		time.Sleep(lookEvery)
	}
	k.rested = time.Since(begin)
}

// quietTicks is the number of sweeps that must change nothing at rest.
const quietTicks = 20

// quiet checks that further sweeps change and write nothing.
func (k *killing) quiet() {
	if len(k.checker.Broken()) > 0 {
		return
	}
	k.running.eventually("further sweeps do nothing", func() error {
		before, mutations := k.running.counters(), k.compute.cloud.Mutations()
		ticks := before.Published["import-config"] + quietTicks
		k.running.eventually("sweeps passed", func() error {
			if now := k.running.counters().Published["import-config"]; now < ticks {
				return fmt.Errorf("%d are left", ticks-now)
			}
			return nil
		})
		after := k.running.counters()
		err := changed(mutations, k.compute.cloud.Mutations(), before.Store.Writes+before.Store.Deletes, after.Store.Writes+after.Store.Deletes)
		if err != nil {
			k.checker.Note("not quiet: %v: %v", err, writers(before, after))
		}
		return errors.Join(err, k.differences())
	})
}

// writers tells who wrote what between two readings.
func writers(before, after suite.Counters) []string {
	var parts []string
	for _, part := range after.Store.Since(before.Store).Parts {
		if part.Writes+part.Deletes > 0 {
			parts = append(parts, fmt.Sprintf("%s %s %d/%d", part.Job, part.Collection, part.Writes, part.Deletes))
		}
	}
	return parts
}

// report says what was done and what was broken.
func (k *killing) report() {
	v, err := k.checker.Look(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	if text, _ := promises.Foreign(v); text != k.foreign {
		k.checker.Break(invariants.OnlyOurs, "what is not ours was %s and is %s", k.foreign, text)
	}
	for _, line := range k.running.logged(`"message":"panic`) {
		k.checker.Break(invariants.NoPanic, "%s", line)
	}
	for _, violation := range k.checker.Broken() {
		k.t.Error(violation.Error())
	}
	checked, all := k.checker.Checked(), 0
	for _, name := range slices.Sorted(maps.Keys(checked)) {
		k.t.Logf("%9d × %s", checked[name], name)
		all += checked[name]
	}
	leases, repeated := k.provider.counts()
	k.t.Logf("%d kills in %v; %d leases given, %d calls repeated; %d configurations, %d VMs lost by hand, %d deleted by us, %d machines in doubt; %d checks; at rest after %v",
		k.kills, k.lasts, leases, repeated, k.written.Load(), k.lost.Load(), k.checker.Deleted(), len(v.InDoubt()), all, k.rested.Round(time.Second))
}

// explain prints what happened, where something was broken.
func (k *killing) explain() {
	if !k.t.Failed() {
		return
	}
	trace := k.checker.Trace()
	k.t.Logf("the last that happened:\n%s", strings.Join(trace[max(0, len(trace)-300):], "\n"))
	errors := k.running.logged(`"severity":"ERROR"`)
	k.t.Logf("%d errors were logged:\n%s", len(errors), strings.Join(errors[max(0, len(errors)-20):], "\n"))
}
