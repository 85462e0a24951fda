package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// recycles is how many leases end, one after the other.
const recycles = 100

// Recycle measures the end of a lease until its replacement can be leased, and
// what the whole life of a VM costs.
func Recycle(ctx context.Context, o Options) (Result, error) {
	result := newResult("recycle", o)
	pool := Fleet{Groups: 10, Size: 10}
	took, run, err := recycle(ctx, o, pool)
	if err != nil {
		return result, err
	}
	result.Runs = append(result.Runs, run)
	slices.Sort(took)
	result.duration("recycle, median of 100", time.Second, took[len(took)/2])
	result.duration("recycle, 99th percentile of 100", 3*time.Second, took[len(took)*99/100])
	many, err := together(ctx, o, Fleet{Groups: 1, Size: 100}, 90)
	if err != nil {
		return result, err
	}
	result.Runs = append(result.Runs, many)
	life := many.lives()
	result.atMost("whole life of one VM, 90 together: Firestore writes + deletes, without the Machine Provider's own", 8, life.backend, "")
	result.figure("… of its machine's entry in the catalog (machines)", number(life.machines))
	result.figure("… of its lease (leases)", number(life.leases))
	life = run.lives()
	result.figure("whole life of one VM, all by itself: writes + deletes, without the Machine Provider's own", number(life.backend))
	result.figure("… of its machine's entry in the catalog (machines)", number(life.machines))
	return result, nil
}

// recycle leases and releases machine after machine. Twenty simulated minutes
// later the records of the VMs that went are gone too, so that as many whole
// lives ended as began.
func recycle(ctx context.Context, o Options, pool Fleet) ([]time.Duration, Run, error) {
	s, err := start(ctx, o, never)
	if err != nil {
		return nil, Run{}, err
	}
	defer s.stop()
	o.Say("recycle %d of %s", recycles, pool)
	if _, err := s.grow(ctx, pool); err != nil {
		return nil, Run{}, err
	}
	to, measured := s.lessee(), s.measure()
	took := make([]time.Duration, recycles)
	for i := range took {
		id := fmt.Sprintf("recycle-%d", i)
		if _, err := to.lease(ctx, id); err != nil {
			return nil, Run{}, err
		}
		if err := s.quiet(ctx); err != nil {
			return nil, Run{}, err
		}
		begin := time.Now()
		if err := to.release(ctx, id); err != nil {
			return nil, Run{}, err
		}
		if err := s.untilLeasable(ctx, pool.VMs()); err != nil {
			return nil, Run{}, err
		}
		took[i] = time.Since(begin)
		if err := s.quiet(ctx); err != nil {
			return nil, Run{}, err
		}
	}
	measured.reached()
	if err := s.bury(ctx); err != nil {
		return nil, Run{}, err
	}
	return took, measured.end(fmt.Sprintf("%d recycles, one after the other", recycles)), nil
}

// together lets many leases of a pool end at once.
func together(ctx context.Context, o Options, pool Fleet, leases int) (Run, error) {
	s, err := start(ctx, o, never)
	if err != nil {
		return Run{}, err
	}
	defer s.stop()
	o.Say("recycle %d at once of %s", leases, pool)
	if _, err := s.grow(ctx, pool); err != nil {
		return Run{}, err
	}
	to, measured := s.lessee(), s.measure()
	for _, step := range []func(context.Context, string) error{
		func(ctx context.Context, id string) error { _, err := to.lease(ctx, id); return err }, to.release,
	} {
		var group errgroup.Group
		group.SetLimit(lesseesAtOnce)
		for i := range leases {
			group.Go(func() error { return step(ctx, fmt.Sprintf("together-%d", i)) })
		}
		if err := group.Wait(); err != nil {
			return Run{}, err
		}
		if err := s.quiet(ctx); err != nil {
			return Run{}, err
		}
	}
	if err := s.untilLeasable(ctx, pool.VMs()); err != nil {
		return Run{}, err
	}
	measured.reached()
	if err := s.bury(ctx); err != nil {
		return Run{}, err
	}
	return measured.end(fmt.Sprintf("%d recycles at once", leases)), nil
}

// lesseesAtOnce is how many lessees ask at once.
const lesseesAtOnce = 16

// bury lets the records go of VMs that are gone.
func (s *system) bury(ctx context.Context) error {
	if err := s.quiet(ctx); err != nil {
		return err
	}
	s.clock.skip(fleet.TombstoneTime)
	return s.minutes(ctx, 2)
}

// life is what a VM's life costs in writes and deletes.
type life struct{ backend, machines, leases float64 }

// lives divides a run by the lives that ended in it, in which as many began.
func (r Run) lives() life {
	ended := 0.0
	for _, part := range r.Store.Parts {
		if part.Collection == "instances" {
			ended += float64(part.Deletes)
		}
	}
	in := func(wanted func(string) bool) float64 { return float64(r.changes(wanted)) / ended }
	return life{
		backend:  in(func(c string) bool { return c != "machines" && c != "leases" }),
		machines: in(func(c string) bool { return c == "machines" }),
		leases:   in(func(c string) bool { return c == "leases" }),
	}
}
