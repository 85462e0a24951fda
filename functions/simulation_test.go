package functions_test

import (
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/gce-backend/gce-backend/shared/lab/world"
)

func TestSimulation(t *testing.T) {
	n := uint64(seeds)
	if testing.Short() {
		n = 4
	}
	if text := os.Getenv("WORLD_SEEDS"); text != "" {
		more, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		n = uint64(more)
	}
	s := suite(t)
	next := make(chan uint64)
	go func() {
		for seed := uint64(1); seed <= n; seed++ {
			next <- seed
		}
		close(next)
	}()
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for seed := range next {
				outcome := world.Trial{Seed: seed}.Run(s)
				if outcome.Broken != nil {
					t.Errorf("seed %d: %v", seed, outcome.Broken)
				}
			}
		})
	}
	wait.Wait()
}

// TestSeed replays a seed that failed, with its trace: WORLD_SEED=7.
func TestSeed(t *testing.T) {
	text := os.Getenv("WORLD_SEED")
	if text == "" {
		text = "1"
	}
	seed, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	outcome := world.Trial{Seed: uint64(seed), Trace: true}.Run(suite(t))
	again := world.Trial{Seed: uint64(seed), Trace: true}.Run(suite(t))
	if outcome.Digest != again.Digest {
		t.Errorf("two runs of seed %d differ", seed)
	}
	t.Logf("%v; at rest after %s; %+v", outcome.Broken, outcome.Took, outcome.Stats)
	if path := os.Getenv("WORLD_TRACE"); path != "" {
		if err := os.WriteFile(path, []byte(outcome.Trace), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
