package functions_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/fleet"
	"github.com/gce-backend/gce-backend/shared/store"
	"github.com/gce-backend/gce-backend/shared/world"
)

// 10. Five large groups; every lease ends in the same minute; one record is
// corrupt.
func TestScenario10EveryLeaseEndsAtOnce(t *testing.T) {
	const groups = 5
	size := scenarioSize
	if text := os.Getenv("WORLD_SCALE"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	w := world.New(suite(t), world.Options{Seed: 110})
	defer w.Close()
	w.Config.Set(func(c *world.Configuration) {
		for i := range groups {
			c.Pools[fmt.Sprintf("pool%d", i)] = world.Pool{Variant: 1, Zones: map[string]fleet.Sizes{"us-central1-a": {Minimum: size, Maximum: size}}}
		}
	})
	w.Converge(60)
	until := fmt.Sprint(w.Now().Add(20 * time.Minute).Truncate(time.Minute).Unix())
	for batch := range groups {
		var requests []map[string]any
		for i := range size {
			requests = append(requests, map[string]any{"request_id": fmt.Sprintf("%d-%d", batch, i), "dimensions": map[string]any{"os_family": "LINUX"}, "lease_expiration_ts": until})
		}
		w.Call("batched_lease", map[string]any{"requests": requests}, nil)
		w.Settle(time.Minute)
	}
	w.Minutes(10)
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
		if writes > 120 { // one a second, for long
			t.Errorf("a document of %s was written %d times within two minutes", collection, writes)
		}
	}
	if len(aside) != 1 {
		t.Errorf("set aside: %q", slices.Sorted(maps.Keys(aside)))
	}
	t.Log(w.Longest(), w.Hottest(), w.Stats.Leases, w.Stats.Deletions)
	if left := len(w.Differences()); left > 10 { // the corrupt one's and what follows from it
		t.Errorf("%d differences are left: %q", left, w.Differences()[:10])
	}
	if broken := w.Broken(); broken != nil {
		t.Error(broken)
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
