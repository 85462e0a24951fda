//go:build !race

package functions_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/lab/world"
)

// 10. Five large groups; every lease ends in the same minute; one record is
// corrupt.
func TestScenario10EveryLeaseEndsAtOnce(t *testing.T) {
	t.Parallel()
	groups, size := 5, scenarioSize
	if testing.Short() {
		size = 40
	}
	w := world.New(suite(t), world.Options{Seed: 110})
	defer w.Close()
	w.Config.Set(func(c *world.Configuration) {
		for i := range groups {
			c.Pools[fmt.Sprintf("pool%d", i)] = world.Pool{Variant: 1, Zones: map[string]fleet.Sizes{"us-central1-a": {Minimum: size, Maximum: size}}}
		}
	})
	w.Converge(60)
	leaseAll(t, w, groups*size, w.Now().Add(40*time.Minute).Truncate(time.Minute))
	aside := map[string]bool{}
	w.Listen(func(record slog.Record, _ []slog.Attr) {
		if strings.Contains(record.Message, "cannot be read") {
			_, about, _ := strings.Cut(record.Message, "stored document ")
			aside[strings.Fields(about)[0]] = true
		}
	})
	corrupt(t, w)
	w.ResetLoad()
	calls := w.Stats.Calls
	for minute := range 40 {
		w.Minutes(1)
		if made := w.Stats.Calls - calls; made > 1500 {
			t.Errorf("minute %d: %d calls of Compute Engine", minute, made)
		}
		calls = w.Stats.Calls
	}
	for function, took := range w.Longest() {
		if limit := w.TimeLimit(function); limit > 0 && took > limit/2 {
			t.Errorf("%s took %s; half its time limit is %s", function, took, limit/2)
		}
	}
	for collection, writes := range w.Hottest() {
		if writes > 120 { // one a second over a long time
			t.Errorf("a document of %s was written %d times within two minutes", collection, writes)
		}
	}
	if len(aside) != 1 {
		t.Errorf("set aside: %q", slices.Sorted(maps.Keys(aside)))
	}
	t.Log(w.Longest(), w.Hottest(), w.Stats.Leases, w.Stats.Deletions)
	if left := len(w.Differences()); left > 10 { // those of the corrupt record and their consequences
		t.Errorf("%d differences are left: %q", left, w.Differences()[:10])
	}
	if broken := w.Broken(); broken != nil {
		t.Error(broken)
	}
}

// leaseAll leases every machine until a time, in batches that fit into the time
// of one call, and runs the world until shortly before that time.
func leaseAll(t *testing.T, w *world.World, machines int, until time.Time) {
	t.Helper()
	const batch = 20
	for first := 0; first < machines; first += batch {
		var requests []map[string]any
		for i := first; i < min(first+batch, machines); i++ {
			requests = append(requests, map[string]any{"request_id": fmt.Sprint(i), "dimensions": map[string]any{"os_family": "LINUX"},
				"lease_expiration_ts": fmt.Sprint(until.Unix())})
		}
		w.Call("batched_lease", map[string]any{"requests": requests}, nil)
		if first/batch%10 == 9 {
			w.Settle(time.Minute)
		}
	}
	w.Settle(time.Minute)
	w.Minutes(5)
	if w.Stats.Leases != machines {
		t.Fatalf("%d of %d machines are leased", w.Stats.Leases, machines)
	}
	if left := until.Sub(w.Now()); left < 5*time.Minute {
		t.Fatalf("the leases took too long: %s are left", left)
	}
	w.Minutes(int(until.Sub(w.Now())/time.Minute) - 2)
	if w.Stats.Deletions > 0 {
		t.Fatalf("%d VMs were deleted before their leases ended", w.Stats.Deletions)
	}
}

// corrupt makes one instance's record unreadable.
func corrupt(t *testing.T, w *world.World) {
	t.Helper()
	found, err := w.Documents.Find(context.Background(), store.Query{Name: "one instance", Collection: "instances", Limit: 1})
	if err != nil || len(found) == 0 {
		t.Fatal(err, len(found))
	}
	found[0].Fields["deletionAttempts"] = "three"
	if _, err := w.Documents.Commit(context.Background(), store.Put(found[0].Key, found[0].Fields)); err != nil {
		t.Fatal(err)
	}
}
