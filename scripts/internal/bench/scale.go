package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/shared/job/manifest"
)

// handlerMemory is the memory that a handler's process may use, in MiB.
const handlerMemory = 512

// Scale makes the same measurements at three sizes.
func Scale(ctx context.Context, o Options) (Result, error) {
	result := newResult("scale", o)
	pools := []Fleet{{Groups: 10, Size: 100}, {Groups: 20, Size: 500}, {Groups: 100, Size: 1000}}
	if o.Emulators {
		pools = pools[:1]
		result.note("the larger pools run on the embedded suite only: the emulator's queries scan whole collections")
	}
	limits, err := manifest.Parse(functions.Manifest)
	if err != nil {
		return result, err
	}
	var first float64
	for i, pool := range pools {
		run, heap, err := scale(ctx, o, pool)
		if err != nil {
			return result, err
		}
		result.Runs = append(result.Runs, run)
		result.figure("scale "+pool.String()+": converged in", round(run.Wall).String())
		cost := float64(run.Store.Reads+run.Store.Writes+run.Store.Deletes) / float64(pool.VMs())
		if i == 0 {
			first = cost
			result.figure("… Firestore reads + writes + deletes per VM", number(cost))
		} else {
			result.atMost("… Firestore reads + writes + deletes per VM", 1.2*first, cost, "")
		}
		slowest, took, share := longestShare(run, limits)
		result.target("… longest run, of its time limit", "≤ 50%", fmt.Sprintf("%.0f%% (%s, %s)", 100*share, slowest, took), share <= 0.5)
		job, bytes := largest(heap)
		result.atMost("… memory of the largest sweep ("+job+") above an idle process", handlerMemory, mebibytes(bytes), " MiB")
	}
	result.note("memory is the largest growth of the live heap during one job's tick, including the messages that the job sends to itself. What the store and the simulator hold before the tick does not count. For the memory of an idle process see coldstart")
	return result, nil
}

// scale lets a pool converge, and then measures how much memory each job's sweep
// over it takes.
func scale(ctx context.Context, o Options, pool Fleet) (Run, map[string]int64, error) {
	s, run, err := grown(ctx, o, time.Minute, pool, "scale "+pool.String())
	if err != nil {
		return Run{}, nil, err
	}
	defer s.stop()
	o.Say("scale %s: memory of each job", pool)
	s.clock.skip(warmUp)
	heap := map[string]int64{}
	for _, name := range s.scheduled() {
		peak := watchHeap()
		err := s.sweep(ctx, name)
		if err == nil {
			err = s.quiet(ctx)
		}
		heap[name] = peak()
		if err != nil {
			return run, heap, err
		}
	}
	return run, heap, nil
}

// longestShare finds the run that came closest to its time limit.
func longestShare(run Run, limits manifest.Manifest) (job string, took time.Duration, share float64) {
	for name, longest := range run.Longest {
		if of := limits.Functions[name].Timeout(); of > 0 && float64(longest)/float64(of) >= share {
			job, took, share = name, longest, float64(longest)/float64(of)
		}
	}
	return job, took, share
}

func largest(heap map[string]int64) (job string, bytes int64) {
	for name, n := range heap {
		if n > bytes {
			job, bytes = name, n
		}
	}
	return job, bytes
}
