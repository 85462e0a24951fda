package lockedrand_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gce-backend/gce-backend/shared/deployment/lockedrand"
)

// Several at once get what one after the other would, whoever gets which. The
// race detector looks on.
func TestAtOnce(t *testing.T) {
	const runs, each = 8, 200
	alone := rand.New(rand.NewPCG(1, 2))
	want := map[uint64]bool{}
	for range runs * each {
		want[alone.Uint64()] = true
	}
	random := lockedrand.New(rand.NewPCG(1, 2))
	got, mu := map[uint64]bool{}, sync.Mutex{}
	var wait sync.WaitGroup
	for range runs {
		wait.Go(func() {
			for range each {
				n := random.Uint64()
				mu.Lock()
				got[n] = true
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	for n := range want {
		if !got[n] {
			t.Fatalf("%d is missing; %d of %d came", n, len(got), len(want))
		}
	}
}
