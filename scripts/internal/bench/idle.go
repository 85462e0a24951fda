package bench

import (
	"context"
	"fmt"
	"time"
)

// Idle measures ten simulated minutes in which nothing happens.
func Idle(ctx context.Context, o Options) (Result, error) {
	result := newResult("idle", o)
	pools := []Fleet{{Groups: 2, Size: 50}, {Groups: 10, Size: 100}, {Groups: 20, Size: 500}}
	if o.Emulators {
		pools = pools[:1]
		result.note("larger pools run on the embedded suite only: with emulators the counts are the same, and the time is mostly the emulator's")
	}
	for _, pool := range pools {
		run, err := idle(ctx, o, pool, 10)
		if err != nil {
			return result, err
		}
		result.Runs = append(result.Runs, run)
		reads := float64(run.Store.Reads) / 10
		if pool.Groups < 20 {
			result.figure("idle "+pool.String()+": Firestore reads a minute", number(reads))
			continue
		}
		result.atMost("idle "+pool.String()+": Firestore reads a minute", 500, reads, "")
		result.atMost("idle: Firestore writes and deletes", 0, float64(run.Store.Writes+run.Store.Deletes), "")
		result.atMost("idle: Compute Engine mutations", 0, float64(run.Mutations), "")
		result.atMost("idle: Compute Engine calls a minute", 25, float64(total(run.Compute))/10, "")
		result.figure("idle: Machine Provider calls a minute", number(float64(total(run.Machines))/10))
		result.figure("idle: messages a minute", number(float64(total(run.Messages))/10))
	}
	return result, nil
}

// warmUp is how long a pool is left alone, so that no job still acts on earlier
// events.
const warmUp = 30 * time.Minute

func idle(ctx context.Context, o Options, pool Fleet, minutes int) (Run, error) {
	s, _, err := grown(ctx, o, never, pool, fmt.Sprintf("idle %s: make them first", pool))
	if err != nil {
		return Run{}, err
	}
	defer s.stop()
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
