package bench

import (
	"context"
	"time"
)

// Idle measures ten simulated minutes in which nothing happens.
func Idle(ctx context.Context, o Options) (Result, error) {
	result := newResult("idle", o)
	pool := Pool{Groups: 20, Size: 500}
	if o.Emulators {
		pool.Size = 50
		result.note("on the emulators with %s: the time is the emulator's, the counts follow from the pool", pool)
	}
	run, err := idle(ctx, o, pool, 10)
	if err != nil {
		return result, err
	}
	result.Runs = append(result.Runs, run)
	result.atMost("idle "+pool.String()+": Firestore reads a minute", 500, float64(run.Store.Reads)/10, "")
	result.atMost("idle: Firestore writes and deletes", 0, float64(run.Store.Writes+run.Store.Deletes), "")
	result.atMost("idle: Compute Engine mutations", 0, float64(run.Mutations), "")
	result.atMost("idle: Compute Engine calls a minute", 25, float64(total(run.Compute))/10, "")
	result.figure("idle: Machine Provider calls a minute", number(float64(total(run.Machines))/10))
	result.figure("idle: messages a minute", number(float64(total(run.Messages))/10))
	result.note("each group's records are read whole every six hours besides: %s reads a minute on average", number(float64(pool.VMs())/360))
	return result, nil
}

// warmUp is how long a pool has to be left alone until nothing that happened
// is still on somebody's mind.
const warmUp = 30 * time.Minute

func idle(ctx context.Context, o Options, pool Pool, minutes int) (Run, error) {
	s, err := start(ctx, o, never)
	if err != nil {
		return Run{}, err
	}
	defer s.stop()
	o.Say("idle %s: make them first", pool)
	if _, err := s.grow(ctx, pool); err != nil {
		return Run{}, err
	}
	s.clock.skip(warmUp)
	if err := s.minutes(ctx, 2); err != nil {
		return Run{}, err
	}
	o.Say("idle %s: %d minutes", pool, minutes)
	measured := s.measure()
	if err := s.minutes(ctx, minutes); err != nil {
		return Run{}, err
	}
	return measured.end(pool.String()), nil
}
