package rest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheLimitIsKeptByManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perMinute, many = 20, 50
		l := newLimits(perMinute, time.Now, func(_ context.Context, d time.Duration) error {
			time.Sleep(d)
			return nil
		})
		var mu sync.Mutex
		var sent []time.Time
		var group sync.WaitGroup
		for range many {
			group.Go(func() {
				if err := l.wait(t.Context(), "project", reads); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, time.Now())
			})
		}
		group.Wait()
		slices.SortFunc(sent, time.Time.Compare)
		if len(sent) != many {
			t.Fatalf("%d of %d were sent", len(sent), many)
		}
		for i := perMinute; i < many; i++ {
			if apart := sent[i].Sub(sent[i-perMinute]); apart < time.Minute {
				t.Errorf("%d were sent within %s", perMinute+1, apart)
			}
		}
		if took := sent[many-1].Sub(sent[0]); took > 3*time.Minute {
			t.Errorf("it took %s, want two turns of waiting", took)
		}
	})
}
