package broker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/faulty"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
	"github.com/gce-backend/gce-backend/shared/lab/store/metered"
	"github.com/gce-backend/gce-backend/shared/leasing"
	"github.com/gce-backend/gce-backend/shared/leasing/broker"
)

type nowhere struct{}

func (nowhere) Publish(context.Context, event.Topic, ...event.Message) error { return nil }

// bench is a Broker with a metered store and a controlled clock.
type bench struct {
	*broker.Broker
	t     *testing.T
	now   time.Time
	store *metered.Store
	log   strings.Builder
}

func newBench(t *testing.T, wrap func(store.Store) store.Store) *bench {
	b := &bench{t: t, now: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)}
	var inner store.Store = memory.New(func() time.Time { return b.now })
	if wrap != nil {
		inner = wrap(inner)
	}
	b.store = metered.New(inner)
	b.Broker = b.another(&b.log)
	return b
}

// another returns the Broker of another process on the same store.
func (b *bench) another(log io.Writer) *broker.Broker {
	return broker.New(broker.Options{
		Store: b.store, Publisher: nowhere{}, Now: func() time.Time { return b.now }, Rand: rand.New(rand.NewPCG(1, 5)),
		Log: slog.New(slog.NewTextHandler(log, nil)), Project: "own",
	})
}

func machine(hostname, family string) leasing.Machine {
	return leasing.Machine{
		Backend: "GCE", Hostname: hostname,
		Dimensions: leasing.Dimensions{Values: map[string]string{leasing.Hostname: hostname, "backend": "GCE", "os_family": family}},
		Policies: leasing.Policies{OnReclamation: leasing.Delete, Backend: leasing.Destination{Topic: "leases-changed", Project: "own"},
			Attributes: []leasing.Attribute{{Key: leasing.InstanceAttribute, Value: hostname + ":1"}}},
	}
}

func request(id, family string) leasing.Request {
	seconds := int64(600)
	return leasing.Request{
		ID: id, Dimensions: leasing.Dimensions{Values: map[string]string{"os_family": family}},
		Length: leasing.Length{Seconds: &seconds},
	}
}

func (b *bench) add(family string, hostnames ...string) {
	b.t.Helper()
	var all []leasing.Machine
	for _, hostname := range hostnames {
		all = append(all, machine(hostname, family))
	}
	if err := errors.Join(b.Add(context.Background(), all...)...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) lease(id, family string) leasing.Lease {
	b.t.Helper()
	lease, err := b.Lease(context.Background(), "lessee", request(id, family))
	if err != nil {
		b.t.Fatal(err)
	}
	return lease
}

func (b *bench) sweep() broker.Swept {
	b.t.Helper()
	swept, err := b.Sweep(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	return swept
}

// cost returns the reads and writes (including deletes) of a step, by
// collection.
func (b *bench) cost(step func()) (reads, machineWrites, leaseWrites int64) {
	b.store.Reset()
	step()
	counts := b.store.Counts()
	total, m, l := counts.Total(), counts.Collection("machines"), counts.Collection("leases")
	return total.Reads, m.Writes + m.Deletes, l.Writes + l.Deletes
}

// TestCosts pins the cost of each step: the cost of an idle pool, and of the
// life of one machine.
func TestCosts(t *testing.T) {
	b := newBench(t, nil)
	b.add("LINUX", "vm-1", "vm-2")
	b.lease("held", "LINUX")
	b.now = b.now.Add(time.Minute) // what is remembered is too old by now
	cursor := ""
	for _, step := range []struct {
		name                               string
		do                                 func()
		reads, machineWrites, leasesWrites int64
	}{
		{"a sweep with nothing to do", func() { b.sweep() }, 2, 0, 0},
		{"changes, the first time", func() { cursor = b.changes("") }, 0, 0, 0},
		{"no changes", func() { b.now = b.now.Add(time.Hour / 12); cursor = b.changes(cursor) }, 1, 0, 0},
		{"add one", func() { b.add("LINUX", "vm-3") }, 1, 1, 0},
		{"add a hundred", func() { b.add("OSX", hostnames(100)...) }, 1, 100, 0},
		{"lease one that was just added", func() { b.lease("r1", "LINUX") }, 0, 1, 1},
		{"the same again", func() { b.lease("r1", "LINUX") }, 1, 0, 0},
		{"renew", func() { b.renew("r1") }, 2, 1, 1},
		{"release", func() { b.release("r1") }, 0, 1, 1},
		{"lease what a search finds", func() { b.now = b.now.Add(time.Minute); b.lease("r2", "OSX") }, 6, 1, 1},
		{"lease what that search left", func() { b.lease("r3", "OSX") }, 0, 1, 1},
		{"wait", func() { b.lease("r4", "WINDOWS") }, 5, 0, 1},
		{"ask again", func() { b.lease("r4", "WINDOWS") }, 1, 0, 0},
		{"cancel", func() { b.release("r4") }, 1, 0, 1},
	} {
		reads, machineWrites, leaseWrites := b.cost(step.do)
		if reads != step.reads || machineWrites != step.machineWrites || leaseWrites != step.leasesWrites {
			t.Errorf("%s: %d reads, %d writes of machines, %d of leases; not %d, %d, %d",
				step.name, reads, machineWrites, leaseWrites, step.reads, step.machineWrites, step.leasesWrites)
		}
	}
}

func hostnames(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("many-%d", i))
	}
	return all
}

func (b *bench) changes(cursor string) string {
	b.t.Helper()
	changes, err := b.Changes(context.Background(), "GCE", cursor, broker.MaxChanges)
	if err != nil {
		b.t.Fatal(err)
	}
	return changes.Cursor
}

func (b *bench) renew(id string) {
	b.t.Helper()
	seconds := int64(1200)
	if _, err := b.Renew(context.Background(), "lessee", id, leasing.Length{Seconds: &seconds}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) release(id string) {
	b.t.Helper()
	if err := b.Release(context.Background(), "lessee", id); err != nil && !errors.Is(err, leasing.AlreadyReclaimed) {
		b.t.Fatal(err)
	}
}

// TestQueriesAreListed exercises everything and compares the queries that were
// made with the list against which the indexes are checked.
func TestQueriesAreListed(t *testing.T) {
	listed := map[string]bool{}
	for _, query := range broker.Queries() {
		listed[shape(query)] = true
	}
	made := map[string]bool{}
	b := newBench(t, func(inner store.Store) store.Store {
		return faulty.New(inner, faulty.Hooks{Fault: func(_ context.Context, call faulty.Call) faulty.Fault {
			if call.Method == faulty.Find || call.Method == faulty.Count {
				made[shape(call.Query)] = true
				if !listed[shape(call.Query)] {
					t.Errorf("not listed: %s", shape(call.Query))
				}
			}
			return faulty.Fault{}
		}})
	})
	b.lease("waits", "LINUX")
	b.lease("waits too", "LINUX")
	b.add("LINUX", "vm-1")
	b.release("waits")
	b.lease("waits for another", "OSX")
	b.add("LINUX", "vm-2", "vm-3")
	b.lease("does not wait", "LINUX")
	cursor := b.changes("")
	b.now = b.now.Add(time.Second)
	b.changes(cursor)
	b.sweep()
	if _, err := b.NextDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(made) < 8 {
		t.Errorf("only %d kinds of queries were made", len(made))
	}
}

func shape(query store.Query) string {
	text := query.Collection
	for _, filter := range query.Where {
		text += " " + filter.Field + string(filter.Op)
	}
	for _, order := range query.OrderBy {
		text += " by " + order.Field
	}
	return text
}

// TestThousandLeasesEndAtOnce ends all leases of a pool in one minute.
func TestThousandLeasesEndAtOnce(t *testing.T) {
	b := newBench(t, nil)
	b.add("LINUX", hostnames(1000)...)
	for i := range 1000 {
		if lease := b.lease(fmt.Sprint("r", i), "LINUX"); lease.State != leasing.Fulfilled {
			t.Fatalf("%+v", lease)
		}
	}
	b.now = b.now.Add(time.Hour)
	reads, machineWrites, leaseWrites := b.cost(func() {
		if swept := b.sweep(); swept.Ended != 1000 {
			t.Fatalf("%+v", swept)
		}
	})
	if reads > 2100 || machineWrites != 1000 || leaseWrites != 1000 {
		t.Errorf("%d reads, %d writes of machines, %d of leases", reads, machineWrites, leaseWrites)
	}
	b.now = b.now.Add(b.retention())
	if swept := b.sweep(); swept.Forgotten != 1000 {
		t.Fatalf("%+v", swept)
	}
}

func (b *bench) retention() time.Duration { return leasing.DefaultLimits().Retention }

// TestManyThatDoNotMatch: thousands of other machines do not hide the matching
// one.
func TestManyThatDoNotMatch(t *testing.T) {
	b := newBench(t, nil)
	b.add("LINUX", hostnames(2000)...)
	odd := machine("odd", "LINUX")
	odd.Dimensions.SnapshotLabels = []string{"a", "b"}
	odd.Dimensions.Values["os_version"] = "1"
	twin := machine("twin", "LINUX")
	twin.Dimensions.SnapshotLabels = []string{"a"}
	if err := errors.Join(b.Add(context.Background(), odd, twin)...); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Minute)
	wanted := request("r", "LINUX")
	wanted.Dimensions.SnapshotLabels = []string{"b", "a"}
	reads, _, _ := b.cost(func() {
		lease, err := b.Lease(context.Background(), "lessee", wanted)
		if err != nil || lease.Hostname != "odd" {
			t.Fatalf("%+v, %v", lease, err)
		}
	})
	if reads > 10 {
		t.Errorf("%d reads", reads)
	}
}

// TestOrderAcrossProcesses: machines are freed by several processes at once,
// and the requests get them in the order in which they came.
func TestOrderAcrossProcesses(t *testing.T) {
	const n = 60
	b := newBench(t, nil)
	for i := range n {
		b.now = b.now.Add(time.Millisecond)
		if lease := b.lease(fmt.Sprintf("r%02d", i), "LINUX"); lease.State != leasing.Pending {
			t.Fatalf("%+v", lease)
		}
	}
	var processes sync.WaitGroup
	for p := range 4 {
		another := b.another(io.Discard)
		processes.Go(func() {
			for i := range n / 8 {
				if err := errors.Join(another.Add(context.Background(), machine(fmt.Sprintf("vm-%d-%d", p, i), "LINUX"))...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	processes.Wait()
	b.sweep()
	served := 4 * (n / 8)
	for i := range n {
		if got := b.lease(fmt.Sprintf("r%02d", i), "LINUX").State; (got == leasing.Fulfilled) != (i < served) {
			t.Errorf("request %d of %d, with %d machines: %s", i, n, served, got)
		}
	}
}

// TestTwiceInOneCall: a machine that one call names twice is added once, and
// removed once.
func TestTwiceInOneCall(t *testing.T) {
	b := newBench(t, nil)
	errs := b.Add(context.Background(), machine("vm-1", "LINUX"), machine("vm-1", "LINUX"), machine("vm-2", "LINUX"))
	if errs[0] != nil || !errors.Is(errs[1], leasing.HostnameReuse) || errs[2] != nil {
		t.Error(errs)
	}
	errs = b.Remove(context.Background(), broker.Removal{MachineID: vm1}, broker.Removal{MachineID: vm1})
	if errs[0] != nil || !errors.Is(errs[1], leasing.EntryNotFound) {
		t.Error(errs)
	}
}

// TestCorruptDocuments: a document that cannot be read is set aside and logged,
// and hides no other document.
func TestCorruptDocuments(t *testing.T) {
	b := newBench(t, nil)
	b.add("LINUX", "vm-1", "vm-2")
	for _, key := range []store.Key{"machines/GCE:broken", "leases/0123"} {
		fields := store.Fields{
			"state": int64(5), "offers": []any{"os_family=LINUX"}, "spread": int64(1), "dueAt": b.now, "waitingSince": b.now,
			"waitingTerm": "os_family=LINUX", "waitingLine": "x", "backend": "GCE", "changedAt": b.now,
		}
		if _, err := b.store.Commit(context.Background(), store.Create(key, fields)); err != nil {
			t.Fatal(err)
		}
	}
	b.now = b.now.Add(time.Minute)
	for i := range 2 {
		if lease := b.lease(fmt.Sprint("r", i), "LINUX"); lease.State != leasing.Fulfilled {
			t.Fatalf("%+v", lease)
		}
	}
	b.now = b.now.Add(time.Hour)
	if swept := b.sweep(); swept.Ended != 2 {
		t.Fatalf("%+v", swept)
	}
	_, errs, err := b.Machines(context.Background(), broker.MachineID{Backend: "GCE", Hostname: "broken"}, broker.MachineID{Backend: "GCE", Hostname: "none"})
	if err != nil || errs[0] == nil || errors.Is(errs[0], leasing.EntryNotFound) || !errors.Is(errs[1], leasing.EntryNotFound) {
		t.Fatalf("%v, %v", errs, err)
	}
	if !strings.Contains(b.log.String(), "CORRUPT_DOCUMENT") {
		t.Error("it was not logged")
	}
	if errs := b.Remove(context.Background(), broker.Removal{MachineID: broker.MachineID{Backend: "GCE", Hostname: "broken"}}); errs[0] != nil {
		t.Error(errs)
	}
}

func TestFixedFormLogs(t *testing.T) {
	b := newBench(t, nil)
	b.lease("r1", "LINUX")
	b.now = b.now.Add(1500 * time.Millisecond)
	b.lease("r2", "LINUX")
	b.add("LINUX", "vm-1")
	b.now = b.now.Add(30 * time.Second)
	b.sweep()
	for _, want := range []string{"event=LEASE_FULFILLED wait_ms=1500", "event=LEASES_WAITING count=1 oldest_wait_seconds=30"} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("without %s:\n%s", want, b.log.String())
		}
	}
}

func TestNextDue(t *testing.T) {
	b := newBench(t, nil)
	if at, err := b.NextDue(context.Background()); err != nil || !at.IsZero() {
		t.Fatal(at, err)
	}
	b.add("LINUX", "vm-1")
	lease := b.lease("r", "LINUX")
	b.lease("waits", "LINUX")
	if at, err := b.NextDue(context.Background()); err != nil || !at.Equal(lease.ExpiresAt) {
		t.Fatal(at, err)
	}
}
