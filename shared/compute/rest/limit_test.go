package rest_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/compute"
	"github.com/gce-backend/gce-backend/shared/compute/rest"
	"github.com/gce-backend/gce-backend/shared/failure"
	"github.com/gce-backend/gce-backend/shared/simulator"
)

func TestTheLimitIsKept(t *testing.T) {
	const perMinute = 30
	w := newWorld(t, func(o *rest.Options) { o.RequestsPerMinute = perMinute })
	// The simulator answers 403 to the first request over the quota.
	w.cloud.SetQuota(&simulator.Quota{Mutations: perMinute, Reads: perMinute, HeavyReads: perMinute})
	w.group(10)
	start := w.clock.Now()
	for range 100 {
		if _, err := w.VMs(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if _, err := w.Groups(t.Context(), project); err != nil {
			t.Fatal(err)
		}
	}
	if took := w.clock.Now().Sub(start); took < 5*time.Minute || took > 7*time.Minute {
		t.Errorf("twice 100 calls took %s, want about twice three minutes", took)
	}
}

func TestTheLimitIsKeptByManyAtOnce(t *testing.T) {
	const perMinute = 20
	w := newWorld(t, func(o *rest.Options) { o.RequestsPerMinute = perMinute })
	w.cloud.SetQuota(&simulator.Quota{Mutations: perMinute, Reads: perMinute, HeavyReads: perMinute})
	w.group(0)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, err := w.Group(t.Context(), ref); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestTheGroupsAndProjectsAreCountedApart(t *testing.T) {
	w := newWorld(t, func(o *rest.Options) { o.RequestsPerMinute = 5 })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // less than a turn may take
	defer cancel()
	for range 5 {
		_, err := w.Groups(ctx, project)
		w.must(err)
		_, err = w.Templates(ctx, project)
		w.must(err)
		_, err = w.Templates(ctx, "another-project")
		w.must(err)
		_, err = w.VMs(ctx, compute.GroupRef{Project: project, Zone: zone, Name: "none"})
		w.want(err, failure.NotFound)
	}
}

func TestALimitPastTheDeadlineIsAQuotaError(t *testing.T) {
	w := newWorld(t, func(o *rest.Options) { o.RequestsPerMinute = 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := w.Groups(ctx, project)
	w.must(err)
	start := w.clock.Now()
	_, err = w.Groups(ctx, project)
	w.want(err, failure.Quota)
	if calls := w.cloud.Calls()["instanceGroupManagers.aggregatedList"]; calls != 1 || w.clock.Now() != start {
		t.Errorf("sent %d calls and waited %s, want the first only and no waiting", calls, w.clock.Now().Sub(start))
	}
	_, err = w.Groups(t.Context(), project) // no deadline: waits
	w.must(err)
}
