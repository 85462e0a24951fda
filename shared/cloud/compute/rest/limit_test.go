package rest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
	"github.com/gce-backend/gce-backend/shared/cloud/compute/rest"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/lab/simulator"
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

// 100 groups need more requests in a minute than Compute Engine allows for a
// project: the simulator refuses the first request over its quota.
func TestABusyMinuteOfAHundredGroups(t *testing.T) {
	const perMinute = 1500
	w := newWorld(t, func(o *rest.Options) { o.RequestsPerMinute = perMinute })
	w.cloud.SetQuota(&simulator.Quota{Mutations: perMinute, Reads: perMinute, HeavyReads: perMinute})
	w.group(0)
	made, err := w.Template(t.Context(), project, template)
	w.must(err)
	start := w.clock.Now()
	var work sync.WaitGroup
	for i := range 100 {
		work.Go(func() {
			of := compute.GroupRef{Project: project, Zone: zone, Name: fmt.Sprintf("group-%d", i)}
			if err := w.InsertGroup(t.Context(), compute.NewGroup{GroupRef: of, TemplateURL: made.URL, BaseInstanceName: of.Name}, ""); err != nil {
				t.Error(err)
			}
			for size := range 20 {
				if err := w.ResizeGroup(t.Context(), of, size%3, ""); err != nil {
					t.Error(err)
				}
				if _, err := w.VMs(t.Context(), of); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	if took := w.clock.Now().Sub(start); took < 2*time.Minute {
		t.Errorf("4,100 mutations and listings took %s by the clock of the limit", took)
	}
}
