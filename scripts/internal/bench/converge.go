package bench

import (
	"context"
	"time"
)

// Converge measures the time from a configuration change until every VM is
// cataloged.
func Converge(ctx context.Context, o Options) (Result, error) {
	result := newResult("converge", o)
	for _, pool := range []Fleet{{Groups: 2, Size: 10}, {Groups: 10, Size: 100}, {Groups: 20, Size: 500}} {
		if o.Emulators && pool.VMs() > 1000 {
			result.note("%s run on the embedded suite only: the emulator's queries scan whole collections", pool)
			continue
		}
		run, err := converge(ctx, o, pool)
		if err != nil {
			return result, err
		}
		result.Runs = append(result.Runs, run)
		switch {
		case pool.VMs() == 1000 && o.Emulators:
			result.duration("converge "+pool.String()+", emulators", 8*time.Second, run.Wall)
		case pool.VMs() == 1000:
			result.duration("converge "+pool.String(), 2*time.Second, run.Wall)
		default:
			result.figure("converge "+pool.String(), round(run.Wall).String())
		}
	}
	return result, nil
}

// converge measures how long a pool takes to grow from nothing. Ticks come each
// minute, as in a deployment.
func converge(ctx context.Context, o Options, pool Fleet) (Run, error) {
	s, run, err := grown(ctx, o, time.Minute, pool, "converge "+pool.String())
	if err == nil {
		s.stop()
	}
	return run, err
}

// grown starts a suite, prints the purpose of the run, and grows a pool in it.
func grown(ctx context.Context, o Options, tick time.Duration, pool Fleet, purpose string) (*system, Run, error) {
	s, err := start(ctx, o, tick)
	if err != nil {
		return nil, Run{}, err
	}
	o.Say("%s", purpose)
	run, err := s.grow(ctx, pool)
	if err != nil {
		s.stop()
	}
	return s, run, err
}

// grow configures a pool and measures until all its VMs can be leased and the
// suite is quiet.
func (s *system) grow(ctx context.Context, pool Fleet) (Run, error) {
	measured := s.measure()
	err := inOrder(ctx, s.configure(pool), s.untilLeasable(pool.VMs()), measured.reached, s.quiet)
	return measured.end(pool.String()), err
}
