package lockedrand_test

import (
	"sync"
	"testing"

	"github.com/gce-backend/gce-backend/shared/deployment/lockedrand"
)

// Concurrent callers get their own numbers. The race detector checks for races.
func TestAtOnce(t *testing.T) {
	const runs, each = 8, 2000
	random := lockedrand.New()
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
	if len(got) != runs*each {
		t.Fatalf("%d of %d numbers are the only ones of their value", len(got), runs*each)
	}
}
