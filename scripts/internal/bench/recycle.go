package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gce-backend/gce-backend/shared/fleet"
)

// recycles is how many leases are ended, one after another.
const recycles = 100

// recycleEvery is the simulated time between two leases. It is so long that
// resize-instance-groups, which spaces its steps for a group, is not delayed, and
// so short that the Machine Provider still remembers which machine became free
// last.
const recycleEvery = 4 * time.Second

// Recycle measures the time from the end of a lease until the replacement can be
// leased, and the cost of a VM's whole life.
func Recycle(ctx context.Context, o Options) (Result, error) {
	result := newResult("recycle", o)
	pool := Fleet{Groups: 10, Size: 10}
	took, run, err := recycle(ctx, o, pool, recycles)
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
	alone, crowd := run.lives(), many.lives()
	result.atMost("one lease and all that follows, alone in a template of ten zones: Firestore reads", 45, tenths(alone.reads), "")
	result.atMost("… writes + deletes", 16, tenths(alone.changes), "")
	result.atMost("one lease and all that follows, 90 together: Firestore reads", 12, tenths(crowd.reads), "")
	result.atMost("… writes + deletes", 13, tenths(crowd.changes), "")
	life := crowd
	result.atMost("whole life of one VM, 90 together: Firestore writes + deletes, without the Machine Provider's own", 8, life.backend, "")
	result.figure("… of its machine's entry in the catalog (machines)", number(life.machines))
	result.figure("… of its lease (leases)", number(life.leases))
	life = alone
	result.figure("whole life of one VM, all by itself: writes + deletes, without the Machine Provider's own", number(life.backend))
	result.figure("… of its machine's entry in the catalog (machines)", number(life.machines))
	return result, nil
}

// tenths rounds a cost to tenths: it contains a share of the jobs that run every
// minute.
func tenths(cost float64) float64 { return math.Round(cost*10) / 10 }

// recycle leases and releases n machines, one after another. It ends twenty
// simulated minutes later, when the records of the deleted VMs are removed too,
// so that as many complete lives ended as began.
func recycle(ctx context.Context, o Options, pool Fleet, n int) ([]time.Duration, Run, error) {
	s, _, err := grown(ctx, o, never, pool, fmt.Sprintf("recycle %d of %s", n, pool))
	if err != nil {
		return nil, Run{}, err
	}
	defer s.stop()
	if err := s.tick(ctx); err != nil { // the sweeps finish earlier work
		return nil, Run{}, err
	}
	to, measured := s.lessee(), s.measure()
	took := make([]time.Duration, n)
	for i := range took {
		s.clock.skip(recycleEvery)
		id := fmt.Sprintf("recycle-%d", i)
		if err := inOrder(ctx, to.lease(id), s.quiet); err != nil {
			return nil, Run{}, err
		}
		begin := time.Now()
		ended := func(context.Context) error { took[i] = time.Since(begin); return nil }
		if err := inOrder(ctx, to.release(id), s.untilLeasable(pool.VMs()), ended, s.quiet); err != nil {
			return nil, Run{}, err
		}
	}
	if err := inOrder(ctx, measured.reached, s.bury); err != nil {
		return nil, Run{}, err
	}
	run, err := s.withoutIdle(ctx, measured.end(fmt.Sprintf("%d recycles, one after the other", n)))
	return took, run, err
}

// together ends many leases of a pool at once.
func together(ctx context.Context, o Options, pool Fleet, leases int) (Run, error) {
	s, _, err := grown(ctx, o, never, pool, fmt.Sprintf("recycle %d at once of %s", leases, pool))
	if err != nil {
		return Run{}, err
	}
	defer s.stop()
	if err := s.tick(ctx); err != nil { // the sweeps finish earlier work
		return Run{}, err
	}
	to, measured := s.lessee(), s.measure()
	for _, step := range []func(id string) step{to.lease, to.release} {
		var group errgroup.Group
		group.SetLimit(lesseesAtOnce)
		for i := range leases {
			group.Go(func() error { return step(fmt.Sprintf("together-%d", i))(ctx) })
		}
		if err := inOrder(ctx, func(context.Context) error { return group.Wait() }, s.quiet); err != nil {
			return Run{}, err
		}
	}
	if err := inOrder(ctx, s.untilLeasable(pool.VMs()), measured.reached, s.bury); err != nil {
		return Run{}, err
	}
	return s.withoutIdle(ctx, measured.end(fmt.Sprintf("%d recycles at once", leases)))
}

// lesseesAtOnce is how many lessees send requests at once.
const lesseesAtOnce = 16

// bury lets time pass until the records of deleted VMs are removed.
func (s *system) bury(ctx context.Context) error {
	if err := s.quiet(ctx); err != nil {
		return err
	}
	s.clock.skip(fleet.TombstoneTime)
	return s.minutes(ctx, buryMinutes)
}

// buryMinutes is how many minutes it takes until the records of deleted VMs are
// removed.
const buryMinutes = 2

// withoutIdle subtracts from a run's Firestore operations the cost of the
// minutes that bury let pass.
func (s *system) withoutIdle(ctx context.Context, run Run) (Run, error) {
	measured := s.measure()
	if err := s.minutes(ctx, buryMinutes); err != nil {
		return run, err
	}
	run.Store = run.Store.Since(measured.end("idle").Store)
	return run, nil
}

// life is the Firestore cost of a VM's life: its reads, and its writes and
// deletes in total and by owner: the backend, the machine's entry and the lease.
type life struct{ reads, changes, backend, machines, leases float64 }

// lives divides a run's cost by the number of lives that ended in it, which is
// also the number that began.
func (r Run) lives() life {
	ended := 0.0
	for _, part := range r.Store.Parts {
		if part.Collection == "instances" {
			ended += float64(part.Deletes)
		}
	}
	in := func(wanted func(string) bool) float64 { return float64(r.changes(wanted)) / ended }
	return life{
		reads:    float64(r.Store.Reads) / ended,
		changes:  in(func(string) bool { return true }),
		backend:  in(func(c string) bool { return c != "machines" && c != "leases" }),
		machines: in(func(c string) bool { return c == "machines" }),
		leases:   in(func(c string) bool { return c == "leases" }),
	}
}
